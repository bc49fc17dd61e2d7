/**
 * Asks KMS whether a tenant's key works now: its state, and a dry run of both operations of the data path. Three
 * requests, none of which uses the key. An outage is neither yes nor no.
 */
import { type EncryptionContext, FORMAT } from '../envelope/context.ts';
import { kmsFailure, type KmsOperation } from '../envelope/kms-failure.ts';
import { KmsUnavailableError, SealstreamError, TenantKeyUnusableError } from '../errors.ts';
import type { Tenant } from '../tenant/tenant.ts';

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
  | { readonly usable: true }
  | { readonly refused: SealstreamError }
  | { readonly unreachable: SealstreamError };

/** Warnings come with every verdict: a key that is pending deletion is refused already. */
export type Probe = Verdict & { readonly warnings: readonly KeyWarning[] };

type ProbedTenant = Pick<Tenant, 'tenantId' | 'kekArn'>;

/** Never throws: what KMS throws is the answer. */
export async function probeKey(tenant: ProbedTenant, kms: KmsProbe): Promise<Probe> {
  const { tenantId, kekArn } = tenant;
  const context = { 'tenant-id': tenantId, purpose: 'probe', format: FORMAT };
  let warnings: readonly KeyWarning[] = [];
  const verdict =
    (await failureOf(tenant, 'kms:DescribeKey', async () => {
      const description = await kms.describeKey(kekArn);
      warnings = warningsOf(description);
      requireUsableState(tenant, description);
    })) ??
    (await failureOf(tenant, 'kms:GenerateDataKey', () => kms.tryGenerateDataKey(kekArn, context))) ??
    (await failureOf(tenant, 'kms:Decrypt', () => kms.tryDecrypt(kekArn, context)));
  return { ...(verdict ?? { usable: true }), warnings };
}

/** Undefined when the call works. */
async function failureOf(
  { tenantId, kekArn }: ProbedTenant,
  operation: KmsOperation,
  call: () => Promise<void>,
): Promise<Verdict | undefined> {
  try {
    await call();
    return undefined;
  } catch (cause) {
    const failure =
      cause instanceof SealstreamError ? cause : kmsFailure(cause, { tenantId, arn: kekArn }, operation);
    return failure.disposition === 'park' ? { refused: failure } : { unreachable: failure };
  }
}

/**
 * A state not named here does not decide: the dry runs do.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
function requireUsableState({ tenantId, kekArn }: ProbedTenant, { state }: KeyDescription): void {
  const where = `tenant ${tenantId}, key ${kekArn}: its state is ${state}`;
  switch (state) {
    case 'Disabled':
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
    case 'PendingImport':
      throw new TenantKeyUnusableError(`${where}; the tenant must make it Enabled again`);
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
