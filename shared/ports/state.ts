/** The state table, as the data path needs it: plans, receipts, rejections. */
import type { ObjectId } from '../object/object-id.ts';
import type { Plan, Unreadable } from '../object/plan.ts';
import type { Receipt } from '../object/receipt.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

/**
 * Every port throws StorageUnavailableError (DataPathKms: what KMS throws) for an outage, StorageMisconfiguredError
 * for a refusal that does not pass, and honours `signal`, the invocation's deadline.
 */
export interface State {
  /** Strongly consistent. Throws as Tenants' does. */
  tenant(tenantId: TenantId): Promise<Tenant | undefined>;
  /**
   * Strongly consistent, one request for both.
   * @throws PlanInvalidError when the object's row holds no plan that proves itself
   */
  tenantAndPlan(tenantId: TenantId, objectId: ObjectId): Promise<{ tenant?: Tenant; plan?: Plan }>;
  /**
   * Stores the plan unless the object has one; the first plan wins and is returned.
   * @throws PlanInvalidError when the object's row holds one that does not prove itself
   */
  createPlan(plan: Plan): Promise<Plan>;
  /**
   * Plans the object anew, under that KEK, as it was read: the next generation, of which nothing is written, noted or
   * sealed. Undefined when the plan was changed meanwhile.
   */
  replan(plan: Plan, kekArn: string): Promise<Plan | undefined>;
  /** Remembers how many of the plan's jobs are on the queue. */
  advancePlan(plan: Plan, jobsSent: number): Promise<void>;
  /** The receipt of one chunk of this generation, strongly consistent. An object of one chunk has none. */
  receipt(plan: Plan, chunkIndex: number): Promise<Receipt | undefined>;
  /** The receipts of all chunks of this generation, in order, strongly consistent; memory is flat in their number. */
  allReceipts(plan: Plan): AsyncIterable<Receipt | undefined>;
  /**
   * Writes the receipt of a chunk over `replaced` (undefined: over none). `complete`: every chunk has had one, as far
   * as is known, which `allReceipts` proves. `lost`: there is another one than `replaced`. Idempotent.
   */
  addReceipt(
    plan: Plan,
    chunkIndex: number,
    receipt: Receipt,
    replaced: Receipt | undefined,
  ): Promise<'added' | 'complete' | 'lost'>;
  /** Takes this receipt back, unless the chunk has another one by now: its job is due again. */
  dropReceipt(plan: Plan, chunkIndex: number, receipt: Receipt): Promise<void>;
  /** Remembers that a manifest is ours, before it is written; false when the object was planned anew meanwhile. */
  noteManifest(plan: Plan, digest: string): Promise<boolean>;
  /** False when the object was planned anew meanwhile. Idempotent. */
  markSealed(plan: Plan, sealedAt: string): Promise<boolean>;
  /** Remembers that the plan's source cannot be read; what was remembered first stays, and is returned. */
  markUnreadable(plan: Plan, unreadable: Unreadable): Promise<Unreadable>;
  /** Keeps rejected work where an operator finds it. Idempotent by `sentAt` and `id`. */
  recordRejection(rejection: Rejection): Promise<void>;
}

/** Work that can never succeed, as an operator finds it. */
export interface Rejection {
  /** The queue message's id; the object's where all of its jobs fail for one reason. */
  readonly id: string;
  /** ISO 8601, UTC: when the message was sent. Rejections are listed in this order. */
  readonly sentAt: string;
  readonly functionName: string;
  readonly code: string;
  readonly message: string;
  /** The message as received, its first 65,536 characters: what to redrive once the cause is mended. */
  readonly body: string;
  /** ISO 8601, UTC. */
  readonly rejectedAt: string;
}
