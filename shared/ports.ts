/** What the product needs of the world. `aws/` implements these; the product's own files import no SDK. */
import type { Geometry } from './object/geometry.ts';
import type { Job } from './object/job.ts';
import type { ObjectId } from './object/object-id.ts';
import type { Plan, SourceVersion, Unreadable } from './object/plan.ts';
import type { Receipt } from './object/receipt.ts';
import type { KmsOperations } from './envelope/kms/kek.ts';
import type { Attributes, SourceChecksum } from './manifest/manifest.ts';
import type { KeySignal } from './tenant/key-signal.ts';
import type { ProbeCiphertext, Tenant } from './tenant/tenant.ts';
import type { TenantId } from './tenant/tenant-id.ts';

/**
 * Every port throws StorageUnavailableError (KmsOperations: what KMS throws) for an outage, StorageMisconfiguredError
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

/** The tenants' records, and who holds which key. */
export interface Tenants {
  /**
   * Strongly consistent.
   * @throws TenantInvalidError when the record does not parse, or names another tenant
   */
  tenant(tenantId: TenantId, signal?: AbortSignal): Promise<Tenant | undefined>;
  /**
   * Every registered tenant, in order of id, page by page; memory is flat in their number.
   * @throws TenantInvalidError after the last of them, naming the rows that are no tenant's
   */
  all(): AsyncIterable<Tenant>;
  /** The tenants who have, or had, this KEK or replica, by its full ARN. Throws as `all` does. */
  ofKek(kekArn: string): AsyncIterable<Tenant>;
  /** Stores a new tenant; false when one of that id is registered already. */
  register(tenant: Tenant): Promise<boolean>;
  /** Writes `next`'s status, epoch and signal over `read`'s; false when one of them has changed since it was read. */
  replace(read: Tenant, next: Tenant): Promise<boolean>;
  /** Writes the probes' ciphertexts into the record; false when status, epoch or signal have changed since it was read. */
  keepProbeCiphertexts(read: Tenant, made: readonly ProbeCiphertext[]): Promise<boolean>;
  /** As `replace`, but writes the whole record, and who holds which KEK. Precondition: `next` has another epoch. */
  rewrite(read: Tenant, next: Tenant): Promise<boolean>;
  /**
   * Deletes all that says there is such a tenant: its record, its entries, who holds which KEK, how far its removal has
   * come. False when the record has changed since it was read.
   */
  forget(read: Tenant): Promise<boolean>;
}

/** When we last heard of a key: that its events reach us. */
export interface Hearings {
  /** Writes at most once an hour. */
  note(kekArn: string, at: Date): Promise<void>;
  /** ISO 8601, UTC, up to an hour early. */
  last(kekArn: string): Promise<string | undefined>;
  /** Keeps for a day what was heard of a key, whether or not anybody holds it; of each name the newest. Idempotent. */
  remember(signal: KeySignal & { readonly kekArn: string }): Promise<void>;
  /** What is remembered of a key, in no order. Strongly consistent. */
  signals(kekArn: string): Promise<readonly KeySignal[]>;
}

/** Jobs that wait for their tenant's key, for months if need be. */
export interface Parking {
  /** Idempotent by `arrival`. */
  park(parked: ParkedJob): Promise<void>;
  /**
   * Up to `limit` (100 at most) of the tenant's parked jobs, in order of arrival; none only if none is parked. A row that
   * is no job of this tenant becomes a rejection on the way.
   */
  oldest(tenantId: TenantId, limit: number): Promise<readonly ParkedJob[]>;
  /** Idempotent. */
  remove(parked: readonly ParkedJob[]): Promise<void>;
  /** How many jobs of the tenant are parked. */
  count(tenantId: TenantId): Promise<number>;
}

export interface ParkedJob {
  readonly job: Job;
  /** Sorts by time of arrival: when its message was sent (milliseconds, 15 digits), `#`, the message's id. */
  readonly arrival: string;
}

/** A row of the state table that was not what its key says, and was set aside or put right. */
export interface UnreadableRow {
  /** Its key. */
  readonly row: string;
  readonly reason: string;
}

/** What only one at a time should do. A lease ends by itself when its holder dies. */
export interface Leases {
  /** Takes the lease, or keeps it for longer; false while somebody else has it. */
  hold(lease: string, holder: string, seconds: number): Promise<boolean>;
  /** Idempotent; nothing happens to a lease that somebody else has by now. */
  release(lease: string, holder: string): Promise<void>;
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

export interface JobQueue {
  /** Sends up to 10 jobs in one request. Throws unless all were taken. */
  send(jobs: readonly Job[]): Promise<void>;
}

/** The ingest bucket. */
export interface Sources {
  /**
   * The plaintext bytes of one chunk of one version.
   * @throws SourceChangedError when the version is gone or not of the planned size
   * @throws SourceUnreadableError when S3 will never let it be read as it is
   */
  read(
    source: SourceVersion,
    geometry: Geometry,
    chunkIndex: number,
    signal: AbortSignal,
  ): Promise<ByteStream>;
  /** @throws SourceChangedError when the version is gone, SourceUnreadableError as `read` */
  describe(source: SourceVersion): Promise<SourceDescription>;
  /** Deletes this one version for good. Idempotent. */
  remove(source: SourceVersion): Promise<void>;
}

/** What is in the ingest bucket: a version still there is not sealed yet. */
export interface SourceListing {
  /**
   * The versions after `marker` (undefined: from the start) whose key begins with `prefix` (undefined: any), 1,000 at
   * most, in order of key. No delete markers.
   */
  page(marker: VersionMarker | undefined, prefix?: string): Promise<VersionPage>;
}

export interface VersionPage {
  readonly versions: readonly ListedVersion[];
  /** Undefined: this was the last page. */
  readonly next: VersionMarker | undefined;
}

export interface VersionMarker {
  readonly key: string;
  readonly versionId: string;
}

/** A version as S3 lists it, which does not know its sequencer. */
export interface ListedVersion extends Omit<SourceVersion, 'sequencer'> {
  readonly sizeBytes: number;
}

/** What the search for stuck uploads remembers from one run to the next. */
export interface Redrives {
  /** Where the last run stopped; undefined: at the end. */
  marker(): Promise<VersionMarker | undefined>;
  keepMarker(marker: VersionMarker | undefined): Promise<void>;
  lastOf(objectId: ObjectId): Promise<Redrive | undefined>;
  /** Writes `next` over `last`; false when another run came first. */
  note(objectId: ObjectId, last: Redrive | undefined, next: Redrive): Promise<boolean>;
  /** The chunks of the plan that have no receipt, in order; memory is flat in their number. */
  missingChunks(plan: Plan): AsyncIterable<number>;
}

/** That an upload was re-driven. */
export interface Redrive {
  /** How often so far, from 1. */
  readonly times: number;
  /** ISO 8601, UTC: the last time. */
  readonly at: string;
  /** The generation of its plan then. Absent: 0. */
  readonly generation?: number | undefined;
}

/** The upload queue, which otherwise S3 fills. */
export interface UploadQueue {
  /** Sends one notification. */
  send(notification: string): Promise<void>;
}

export interface SourceDescription {
  /** ISO 8601, UTC, whole seconds: when S3 says it was uploaded; of a multipart upload, when that began. */
  readonly modifiedAt?: string | undefined;
  readonly attributes: Attributes;
  readonly checksums: readonly SourceChecksum[];
}

export type ByteStream = AsyncIterable<Uint8Array>;

/** The vault bucket: ciphertext only. */
export interface Vault {
  /** Writes a chunk over the one with that ETag (undefined: over nothing); undefined when that is not what is there. */
  putChunk(
    key: string,
    message: Uint8Array,
    replacedEtag: string | undefined,
    signal: AbortSignal,
  ): Promise<Receipt | undefined>;
  /**
   * Undefined when there is no such chunk.
   * @throws AuthenticationFailedError, then or while it is read, when it has more than `maxBytes`
   */
  getChunk(key: string, maxBytes: number, signal: AbortSignal): Promise<ByteStream | undefined>;
  /** In key order, page by page. */
  listChunks(prefix: string): AsyncIterable<ListedChunk>;
  /** Reads `MAX_MANIFEST_BYTES` at most: of what has more, which is no manifest, `body` is empty. */
  getManifest(key: string): Promise<StoredManifest | undefined>;
  /** Writes a manifest over `replaced` (undefined: over nothing); false when another one came in between. */
  putManifest(key: string, body: Uint8Array, replaced: StoredManifest | undefined): Promise<boolean>;
}

export interface ListedChunk extends Pick<Receipt, 'etag'> {
  readonly key: string;
  readonly bytes: number;
}

export interface StoredManifest {
  readonly body: Uint8Array;
  readonly etag: string;
  /** ISO 8601, UTC, whole seconds: when S3 says it was written. */
  readonly modifiedAt?: string | undefined;
}

/** Where a restored object goes. */
export interface Destination {
  readonly bucket: string;
  readonly key: string;
}

export interface Destinations {
  /** Writes the object all or nothing: what `content` throws aborts it and is thrown on. */
  write(
    destination: Destination,
    attributes: Attributes,
    sizeBytes: number,
    content: ByteStream,
    signal: AbortSignal,
  ): Promise<void>;
}

export type { KmsOperations };
