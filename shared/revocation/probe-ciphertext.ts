/**
 * Makes and keeps ciphertexts for the second way to ask whether a key can be used: a dry run of Decrypt on a ciphertext
 * that the key made. The first way needs no ciphertext, but not every region's KMS knows it. Nobody has seen the
 * plaintext of these ciphertexts.
 */
import type { ControlPlaneKms } from '../ports/kms.ts';
import { type EncryptionContext, FORMAT } from '../object/context.ts';
import { kmsFailure } from '../envelope/kms/kms-failure.ts';
import { currentKekArns, type ProbeCiphertext, type Tenant } from '../tenant/tenant.ts';

/** A request that takes longer is an outage and must not hold up others. It is asked again within a minute. */
const PROBE_TIMEOUT_MS = 10_000;

export type CiphertextMaker = Pick<ControlPlaneKms, 'makeCiphertext'>;

type Probed = Pick<Tenant, 'tenantId' | 'keyMode'>;

/** Returns the name under which the conditions of the key policy look for the tenant. */
function idNameOf({ keyMode }: Probed): ProbeCiphertext['idName'] {
  return keyMode === 'hierarchical' ? 'aws-crypto-ec:tenant-id' : 'tenant-id';
}

/** Returns the encryption context that a tenant's keys are probed under. */
export function probeContext(tenant: Probed): EncryptionContext {
  return { [idNameOf(tenant)]: tenant.tenantId, purpose: 'probe', format: FORMAT };
}

/** Aborts one request of a probe that takes too long. */
export function probeTimeout(): AbortSignal {
  return AbortSignal.timeout(PROBE_TIMEOUT_MS);
}

/** Returns undefined when no ciphertext was made of that key yet, or only one for another key mode. */
export function probeCiphertextOf(
  tenant: Probed & Pick<Tenant, 'probeCiphertexts'>,
  kekArn: string,
): Uint8Array | undefined {
  const kept = tenant.probeCiphertexts?.find(
    (one) => one.kekArn === kekArn && one.idName === idNameOf(tenant),
  );
  return kept === undefined ? undefined : Buffer.from(kept.ciphertext, 'base64');
}

/** True when each of the keys in use has a ciphertext. */
export function hasProbeCiphertexts(tenant: Tenant): boolean {
  return currentKekArns(tenant).every((kekArn) => probeCiphertextOf(tenant, kekArn) !== undefined);
}

/**
 * Makes one ciphertext of each key in use. Those that there are already are kept.
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
