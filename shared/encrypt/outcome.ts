/** The result of one delivery of a job. */
import type { ObjectId } from '../object/object-id.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface JobOutcome {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  /** The chunk that the job was about. Absent for a small object. */
  readonly chunk?: { readonly chunkIndex: number; readonly generation: number };
  /**
   * `present`: another delivery wrote the chunk. `sealed`: nothing was left to do. `superseded`: a newer upload seems to
   * have come first, so the object was kept beside it.
   */
  readonly outcome: 'written' | 'present' | 'sealed' | 'superseded';
  /** True when this delivery sealed the object. */
  readonly objectSealed: boolean;
}
