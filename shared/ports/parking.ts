/** Jobs that wait for their tenant's key. README.md says what is true of every port. */
import type { Job } from '../object/job.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

/** Parked jobs stay for months if need be. */
export interface Parking {
  /** Idempotent by `arrival`. */
  park(parked: ParkedJob): Promise<void>;
  /**
   * Reads up to `limit` (100 at most) of the tenant's parked jobs, in order of arrival. Returns none only if none is
   * parked. A row that is no job of this tenant becomes a rejection on the way.
   */
  oldest(tenantId: TenantId, limit: number): Promise<readonly ParkedJob[]>;
  /** Idempotent. */
  remove(parked: readonly ParkedJob[]): Promise<void>;
  /** Counts the tenant's parked jobs. */
  count(tenantId: TenantId): Promise<number>;
}

export interface ParkedJob {
  readonly job: Job;
  /**
   * A text that sorts by time of arrival: when the message was sent (milliseconds, 15 digits), `#`, the message's id.
   */
  readonly arrival: string;
}

/** A row of the state table that was not what its key says, and was set aside or put right. */
export interface UnreadableRow {
  /** The row's key. */
  readonly row: string;
  readonly reason: string;
}
