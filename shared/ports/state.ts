/**
 * The state table as the data path needs it: plans, receipts, rejections. README.md says what is true of every port.
 */
import type { ObjectId } from '../object/object-id.ts';
import type { Plan, Receipt, Unreadable } from '../object/plan.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

/** The rows that planning, encrypting and sealing read and write. */
export interface State {
  /**
   * Reads strongly consistent, after it was asked. Reads of `tenant` and `tenantAndPlan` that are asked for at once
   * travel in one request, and fail together when it fails. Throws as the port Tenants does.
   */
  tenant(tenantId: TenantId): Promise<Tenant | undefined>;
  /**
   * Reads both, as `tenant`.
   * @throws PlanInvalidError when the object's row holds no plan that proves itself
   */
  tenantAndPlan(tenantId: TenantId, objectId: ObjectId): Promise<{ tenant?: Tenant; plan?: Plan }>;
  /**
   * Stores the plan unless the object has one. The first plan wins and is returned.
   * @throws PlanInvalidError when the object's row holds one that does not prove itself
   */
  createPlan(plan: Plan): Promise<Plan>;
  /**
   * Plans the object anew, under that KEK, as it was read: the next generation, of which nothing is written, noted or
   * sealed. Returns undefined when the plan was changed meanwhile.
   */
  replan(plan: Plan, kekArn: string): Promise<Plan | undefined>;
  /** Remembers how many of the plan's jobs are on the queue. */
  advancePlan(plan: Plan, jobsSent: number): Promise<void>;
  /** Reads the receipt of one chunk of this generation, strongly consistent. An object of one chunk has none. */
  receipt(plan: Plan, chunkIndex: number): Promise<Receipt | undefined>;
  /**
   * Reads the receipts of all chunks of this generation, in order, strongly consistent. Memory does not grow with their
   * number.
   */
  allReceipts(plan: Plan): AsyncIterable<Receipt | undefined>;
  /**
   * Writes the receipt of a chunk over the one that it replaces. Idempotent. `complete`: every chunk has had a receipt,
   * as far as is known, which `allReceipts` proves. `lost`: another receipt is there, and nothing is written.
   */
  addReceipt(plan: Plan, written: ReceiptOfChunk): Promise<'added' | 'complete' | 'lost'>;
  /** Takes this receipt back, unless the chunk has another one by now. The chunk's job is due again then. */
  dropReceipt(plan: Plan, chunkIndex: number, receipt: Receipt): Promise<void>;
  /**
   * Remembers that a manifest is ours, before it is written. Returns false when the object was planned anew meanwhile.
   */
  noteManifest(plan: Plan, digest: string): Promise<boolean>;
  /** Returns false when the object was planned anew meanwhile. Idempotent: the first time of sealing stays. */
  markSealed(plan: Plan, sealedAt: string): Promise<boolean>;
  /** Remembers that the plan's source cannot be read. The reason remembered first stays, and is returned. */
  markUnreadable(plan: Plan, unreadable: Unreadable): Promise<Unreadable>;
  /** Keeps rejected work where an operator finds it. Idempotent by `sentAt` and `id`. */
  recordRejection(rejection: Rejection): Promise<void>;
}

export interface ReceiptOfChunk {
  readonly chunkIndex: number;
  readonly receipt: Receipt;
  /** The receipt that is written over. Undefined: the receipt is written over none. */
  readonly replaced?: Receipt | undefined;
}

/** Work that can never succeed, as an operator finds it. */
export interface Rejection {
  /** The queue message's id, or the object's id where all of its jobs fail for one reason. */
  readonly id: string;
  /** The time when the message was sent, ISO 8601, UTC. Rejections are listed in this order. */
  readonly sentAt: string;
  readonly functionName: string;
  readonly code: string;
  readonly message: string;
  /** The first 65,536 characters of the message as received: what to redrive once the cause is mended. */
  readonly body: string;
  /** ISO 8601, UTC. */
  readonly rejectedAt: string;
}
