/** One step of a removal: what it needs of the world, and what it says when it is done for now. */
import type { Deleted } from '../ports/vault.ts';
import type { Parking } from '../ports/parking.ts';
import type { Removals, Tenants } from '../ports/tenants.ts';
import type { VersionMarker } from '../ports/sources.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { Removal, RemovalStep } from '../tenant/removal.ts';
import type { SuspendPorts } from './suspend.ts';
import type { WaitingPorts } from './waiting.ts';

export interface RemovePorts extends SuspendPorts, WaitingPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace' | 'forget'>;
  readonly removals: Removals;
  readonly parking: Pick<Parking, 'count' | 'oldest' | 'remove'>;
  /** Deletes some of what the tenant has in the vault, behind `after`. */
  readonly deleteCiphertext: (tenantId: TenantId, after: VersionMarker | undefined) => Promise<Deleted>;
  /** Deletes a branch key with all of its versions. Returns how many rows. Idempotent. */
  readonly shredBranchKey: (branchKeyId: string) => Promise<number>;
}

/** What a step has done, and whether the next one has to wait. */
export interface Taken {
  readonly progress: Partial<Removal>;
  readonly waits?: Wait;
}

export interface Wait {
  /** Versions planned and not sealed yet. */
  readonly waiting?: number;
  /** Why it cannot go on by itself. */
  readonly blocked?: string;
}

export type Step = (removal: Removal, ports: RemovePorts, signal: AbortSignal) => Promise<Taken>;

export type Steps = Readonly<Record<Exclude<RemovalStep, 'done'>, Step>>;
