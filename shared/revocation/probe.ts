/**
 * Asks KMS whether a tenant's key works now: its state, and a dry run of the operations of the data path. Three requests
 * a key, two in hierarchical mode, none of which uses it. Each replica of a multi-Region key is asked as well: it works
 * if all of them do. An outage is neither yes nor no.
 */
import { type EncryptionContext, FORMAT } from '../envelope/context.ts';
import { kmsFailure, type KmsOperation } from '../envelope/kms-failure.ts';
import {
  isKeyRefusal,
  type KeyRefusal,
  KmsUnavailableError,
  SealstreamError,
  TenantKeyUnusableError,
} from '../errors.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';

/** What a probe asks of KMS. Implemented by aws/kms.ts; throws what KMS throws. */
export interface KmsProbe {
  describeKey(kekArn: string): Promise<KeyDescription>;
  /** Resolves when GenerateDataKey would have worked. */
  tryGenerateDataKey(kekArn: string, context: EncryptionContext): Promise<void>;
  /** Resolves when Decrypt would have worked. */
  tryDecrypt(kekArn: string, context: EncryptionContext): Promise<void>;
}

export interface KeyDescription {
  /** KMS's KeyState: `Enabled`, `Disabled`, … */
  readonly state: string;
  /** When a key that is pending deletion is deleted. */
  readonly deletionDate?: Date;
  /** When imported key material expires. */
  readonly validTo?: Date;
}

/** A date from which on the key does not come back by itself. */
export interface KeyWarning {
  readonly name: 'key-deletion' | 'key-material-expiry';
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** `refused`: the tenant said no. `unreachable`: KMS, or the key's external store, could not be asked. */
export type Verdict =
  { readonly usable: true } | { readonly refused: KeyRefusal } | { readonly unreachable: SealstreamError };

/** Warnings come with every verdict: a key that is pending deletion is refused already. */
export type Probe = Verdict & { readonly warnings: readonly KeyWarning[] };

/** Never throws: what KMS throws is the answer. */
export async function probeKey(
  tenant: ProbedKey & Pick<Tenant, 'replicaArns'>,
  kms: KmsProbe,
): Promise<Probe> {
  const probes = await Promise.all(
    currentKekArns(tenant).map(async (kekArn) => await probeOne({ ...tenant, kekArn }, kms)),
  );
  const verdict =
    probes.find((probe) => 'refused' in probe) ?? probes.find((probe) => 'unreachable' in probe);
  return { ...(verdict ?? { usable: true }), warnings: probes.flatMap(({ warnings }) => warnings) };
}

type ProbedKey = Pick<Tenant, 'tenantId' | 'kekArn' | 'keyMode' | 'customKeyStore'>;

async function probeOne(key: ProbedKey, kms: KmsProbe): Promise<Probe> {
  const { kekArn } = key;
  let warnings: readonly KeyWarning[] = [];
  const verdict =
    (await failureOf(key, 'kms:DescribeKey', async () => {
      const description = await kms.describeKey(kekArn);
      warnings = warningsOf(description);
      requireUsableState(key, description);
    })) ?? (await refusalOfUse(key, kms));
  return { ...(verdict ?? { usable: true }), warnings };
}

/** In hierarchical mode the data path unwraps branch keys and does nothing else. */
async function refusalOfUse(key: ProbedKey, kms: KmsProbe): Promise<Verdict | undefined> {
  const { tenantId, kekArn, keyMode } = key;
  const hierarchical = keyMode === 'hierarchical';
  const idName = hierarchical ? 'aws-crypto-ec:tenant-id' : 'tenant-id';
  const context = { [idName]: tenantId, purpose: 'probe', format: FORMAT };
  const refusal = hierarchical
    ? undefined
    : await failureOf(key, 'kms:GenerateDataKey', () => kms.tryGenerateDataKey(kekArn, context));
  return refusal ?? (await failureOf(key, 'kms:Decrypt', () => kms.tryDecrypt(kekArn, context)));
}

/** Undefined when the call works. */
async function failureOf(
  { kekArn, ...key }: ProbedKey,
  operation: KmsOperation,
  call: () => Promise<void>,
): Promise<Verdict | undefined> {
  try {
    await call();
    return undefined;
  } catch (cause) {
    const failure =
      cause instanceof SealstreamError ? cause : kmsFailure(cause, { ...key, arn: kekArn }, operation);
    return isKeyRefusal(failure) ? { refused: failure } : { unreachable: failure };
  }
}

/**
 * A state not named here does not decide: the dry runs do.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
function requireUsableState({ tenantId, kekArn }: ProbedKey, { state }: KeyDescription): void {
  const where = `tenant ${tenantId}, key ${kekArn}: its state is ${state}`;
  switch (state) {
    case 'Disabled':
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
    case 'PendingImport':
      throw new TenantKeyUnusableError(`${where}; the tenant must make it Enabled again`, { kekArn });
    case 'Unavailable': // Its custom key store is disconnected.
    case 'Creating':
      throw new KmsUnavailableError(`${where}; asked again later`);
    default:
  }
}

function warningsOf({ deletionDate, validTo }: KeyDescription): readonly KeyWarning[] {
  const dates = [
    ['key-deletion', deletionDate],
    ['key-material-expiry', validTo],
  ] as const;
  return dates.flatMap(([name, date]) => (date === undefined ? [] : [{ name, at: date.toISOString() }]));
}
