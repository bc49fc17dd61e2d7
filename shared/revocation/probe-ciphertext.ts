/**
 * The second way to ask whether a key can be used: a ciphertext that it made, which a dry run of Decrypt is asked
 * about. The first way needs none, but not every region's KMS knows it. What is encrypted in it nobody has seen.
 */
import type { ControlPlaneKms } from '../ports/kms.ts';
import { type EncryptionContext, FORMAT } from '../object/context.ts';
import { kmsFailure } from '../envelope/kms/kms-failure.ts';
import { currentKekArns, type ProbeCiphertext, type Tenant } from '../tenant/tenant.ts';

/** A request is asked again within a minute. One that takes longer than this is an outage, and must not hold up others. */
const PROBE_TIMEOUT_MS = 10_000;

export type CiphertextMaker = Pick<ControlPlaneKms, 'makeCiphertext'>;

type Probed = Pick<Tenant, 'tenantId' | 'keyMode'>;

/** Where the key policies' conditions look for the tenant. */
function idNameOf({ keyMode }: Probed): ProbeCiphertext['idName'] {
  return keyMode === 'hierarchical' ? 'aws-crypto-ec:tenant-id' : 'tenant-id';
}

/** The encryption context that a tenant's keys are probed under. */
export function probeContext(tenant: Probed): EncryptionContext {
  return { [idNameOf(tenant)]: tenant.tenantId, purpose: 'probe', format: FORMAT };
}

/** Aborts one request of a probe that takes too long. */
export function probeTimeout(): AbortSignal {
  return AbortSignal.timeout(PROBE_TIMEOUT_MS);
}

/** Undefined: none was made yet of that key, or only for another key mode. */
export function probeCiphertextOf(
  tenant: Probed & Pick<Tenant, 'probeCiphertexts'>,
  kekArn: string,
): Uint8Array | undefined {
  const kept = tenant.probeCiphertexts?.find(
    (one) => one.kekArn === kekArn && one.idName === idNameOf(tenant),
  );
  return kept === undefined ? undefined : Buffer.from(kept.ciphertext, 'base64');
}

/** Whether each of the keys in use has one. */
export function hasProbeCiphertexts(tenant: Tenant): boolean {
  return currentKekArns(tenant).every((kekArn) => probeCiphertextOf(tenant, kekArn) !== undefined);
}

/**
 * One of each key in use; what there is already is kept.
 * @throws TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError, KmsUnavailableError
 */
export async function probeCiphertextsOf(
  tenant: Probed & Pick<Tenant, 'kekArn' | 'replicaArns' | 'probeCiphertexts'>,
  kms: CiphertextMaker,
): Promise<readonly ProbeCiphertext[]> {
  const idName = idNameOf(tenant);
  return await Promise.all(
    currentKekArns(tenant).map(async (kekArn) => {
      const made = probeCiphertextOf(tenant, kekArn) ?? (await madeBy(kekArn, tenant, kms));
      return { kekArn, idName, ciphertext: Buffer.from(made).toString('base64') };
    }),
  );
}

async function madeBy(kekArn: string, tenant: Probed, kms: CiphertextMaker): Promise<Uint8Array> {
  const operation =
    tenant.keyMode === 'hierarchical' ? 'kms:GenerateDataKeyWithoutPlaintext' : 'kms:GenerateDataKey';
  try {
    return await kms.makeCiphertext({ kekArn, context: probeContext(tenant), operation }, probeTimeout());
  } catch (cause) {
    throw kmsFailure(cause, { tenantId: tenant.tenantId, arn: kekArn }, operation);
  }
}
