/** Reads what DescribeKey says of a key: its state, and the dates after which it is gone. */
import { KmsUnavailableError, TenantKeyUnusableError } from '../errors.ts';
import type { KeyDescription } from '../ports/kms.ts';
import type { Tenant } from '../tenant/tenant.ts';

/** A date after which the key does not come back by itself. */
export interface KeyWarning {
  readonly name: 'key-deletion' | 'key-material-expiry';
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * Refuses a state in which the key cannot be used. A state that is not named here decides nothing: the dry runs decide.
 * @throws TenantKeyUnusableError when the tenant has to act, KmsUnavailableError when the key store is out of reach
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
export function requireUsableState(
  { tenantId, kekArn }: Pick<Tenant, 'tenantId' | 'kekArn'>,
  { state }: KeyDescription,
): void {
  const where = `tenant ${tenantId}, key ${kekArn}: its state is ${state}`;
  switch (state) {
    case 'Disabled':
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
    case 'PendingImport':
      throw new TenantKeyUnusableError(`${where}; the tenant must make it Enabled again`, { kekArn });
    // A key is Unavailable while its custom key store is disconnected.
    case 'Unavailable':
    case 'Creating':
      throw new KmsUnavailableError(`${where}; we ask again later`);
    default:
  }
}

export function warningsOf({ deletionDate, validTo }: KeyDescription): readonly KeyWarning[] {
  const dates = [
    ['key-deletion', deletionDate],
    ['key-material-expiry', validTo],
  ] as const;
  return dates.flatMap(([name, date]) => (date === undefined ? [] : [{ name, at: date.toISOString() }]));
}
