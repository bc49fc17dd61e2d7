/** One step of a removal: the ports that it needs, and the result that it returns. */
import type { Deleted } from '../ports/vault.ts';
import type { Parking } from '../ports/parking.ts';
import type { Removals, Tenants } from '../ports/tenants.ts';
import type { VersionMarker } from '../ports/sources.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { Removal } from '../tenant/removal.ts';
import type { SuspendPorts } from './suspend.ts';
import type { WaitingPorts } from './waiting.ts';

export interface RemovePorts extends SuspendPorts, WaitingPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace' | 'forget'>;
  readonly removals: Removals;
  readonly parking: Pick<Parking, 'count' | 'oldest' | 'remove'>;
  /** Deletes one page of the tenant's versions in the vault, beginning after `after`. */
  readonly deleteCiphertext: (tenantId: TenantId, after: VersionMarker | undefined) => Promise<Deleted>;
  /** Deletes a branch key with all of its versions. Returns the number of rows deleted. Idempotent. */
  readonly shredBranchKey: (branchKeyId: string) => Promise<number>;
}

/** The changes that a step made to the removal. With `waits`, the step is not finished: it is to be taken again. */
export interface StepResult {
  readonly progress: Partial<Removal>;
  readonly waits?: Wait;
}

export interface Wait {
  /** The number of versions that were taken and are not sealed yet. */
  readonly waiting?: number;
  /** The reason why the removal cannot go on by itself. */
  readonly blocked?: string;
}
