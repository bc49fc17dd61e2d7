/**
 * The errors by which Sealstream fails on purpose. Each class has a stable `code`, and the `disposition` that the queue
 * layer obeys. Messages name the tenant, the key, the permission and what to do next; never key bytes, plaintext or
 * whole events. `name` is set by hand because minifying renames classes.
 */

/**
 * The way to deal with the work that failed. `retry`: it is redelivered with backoff. `park`: it waits for the tenant's
 * key without using up retries. `reject`: it can never be done, so it is recorded where a person sees it, and
 * acknowledged.
 */
export type Disposition = 'retry' | 'park' | 'reject';

/** Returns an Error for whatever was thrown: anything may be thrown, but we keep and rethrow only Errors. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('something other than an Error was thrown', { cause: thrown });
}

export abstract class SealstreamError extends Error {
  abstract override readonly name: string;
  abstract readonly code: `ERR_${string}`;
  abstract readonly disposition: Disposition;
}

interface KeyErrorOptions extends ErrorOptions {
  /** The key, by its ARN. Default: the tenant's current one. */
  readonly kekArn?: string;
}

/** One KEK of a tenant cannot be used: KMS says so, or what we know of the key. */
abstract class TenantKeyError extends SealstreamError {
  readonly kekArn: string | undefined;
  readonly disposition = 'park';

  constructor(message: string, { kekArn, ...options }: KeyErrorOptions = {}) {
    super(message, options);
    this.kekArn = kekArn;
  }
}

/** An event or a request of the wrong shape. */
export class EventInvalidError extends SealstreamError {
  override readonly name = 'EventInvalidError';
  readonly code = 'ERR_EVENT_INVALID';
  readonly disposition = 'reject';
}

/** A queue message that is no job of ours, or contradicts the plan it names. */
export class JobInvalidError extends SealstreamError {
  override readonly name = 'JobInvalidError';
  readonly code = 'ERR_JOB_INVALID';
  readonly disposition = 'reject';
}

/** A plan in the state table contradicts itself or its row: somebody else wrote it. Nothing is done for it. */
export class PlanInvalidError extends SealstreamError {
  override readonly name = 'PlanInvalidError';
  readonly code = 'ERR_PLAN_INVALID';
  readonly disposition = 'reject';
}

/** The object was sealed or planned anew while work of an earlier plan was under way. The work is tried again. */
export class PlanChangedError extends SealstreamError {
  override readonly name = 'PlanChangedError';
  readonly code = 'ERR_PLAN_CHANGED';
  readonly disposition = 'retry';
}

interface ChunkErrorOptions extends ErrorOptions {
  /** Some of the chunks that must be written again. */
  readonly chunkIndexes?: readonly number[];
}

/** A chunk in the vault is missing, or is not the one that its receipt is of. It is written again. */
export class ChunkChangedError extends SealstreamError {
  override readonly name = 'ChunkChangedError';
  readonly code = 'ERR_CHUNK_CHANGED';
  readonly disposition = 'retry';
  readonly chunkIndexes: readonly number[];

  constructor(message: string, { chunkIndexes = [], ...options }: ChunkErrorOptions = {}) {
    super(message, options);
    this.chunkIndexes = chunkIndexes;
  }
}

/** The source version is gone, or is not what was planned. */
export class SourceChangedError extends SealstreamError {
  override readonly name = 'SourceChangedError';
  readonly code = 'ERR_SOURCE_CHANGED';
  readonly disposition = 'reject';
}

/** The record that all failing jobs of one object share: the same id makes it the same record each time. */
export interface SharedRecord {
  /** The object's id. */
  readonly id: string;
  /** ISO 8601, UTC: the time of the first failure. */
  readonly at: string;
}

interface SourceUnreadableOptions extends ErrorOptions {
  readonly record?: SharedRecord;
}

/** The source version is there, but S3 never lets us read it as it is: it is archived, or under a key that we lack. */
export class SourceUnreadableError extends SealstreamError {
  override readonly name = 'SourceUnreadableError';
  readonly code = 'ERR_SOURCE_UNREADABLE';
  readonly disposition = 'reject';
  readonly record: SharedRecord | undefined;

  constructor(message: string, { record, ...options }: SourceUnreadableOptions = {}) {
    super(message, options);
    this.record = record;
  }
}

/** No tenant of that id is registered. */
export class TenantUnknownError extends SealstreamError {
  override readonly name = 'TenantUnknownError';
  readonly code = 'ERR_TENANT_UNKNOWN';
  readonly disposition = 'reject';
}

/** A row of the state table is not the tenant's record that its key says: somebody else wrote it. */
export class TenantInvalidError extends SealstreamError {
  override readonly name = 'TenantInvalidError';
  readonly code = 'ERR_TENANT_INVALID';
  readonly disposition = 'retry';
}

/** The tenant leaves or has left. Nothing new is taken for it. */
export class TenantOffboardedError extends SealstreamError {
  override readonly name = 'TenantOffboardedError';
  readonly code = 'ERR_TENANT_OFFBOARDED';
  readonly disposition = 'reject';
}

/** The tenant is registered but not active. */
export class TenantRevokedError extends SealstreamError {
  override readonly name = 'TenantRevokedError';
  readonly code = 'ERR_TENANT_REVOKED';
  readonly disposition = 'park';
}

/** The tenant's keys were dropped while work used them. The tenant is active, so the work is done again. */
export class EpochChangedError extends SealstreamError {
  override readonly name = 'EpochChangedError';
  readonly code = 'ERR_EPOCH_CHANGED';
  readonly disposition = 'retry';
}

/** A cached DEK grew too old while a message in flight used it. The work is done again with a new DEK. */
export class KeyExpiredError extends SealstreamError {
  override readonly name = 'KeyExpiredError';
  readonly code = 'ERR_KEY_EXPIRED';
  readonly disposition = 'retry';
}

/** KMS says that the KEK is disabled, pending deletion or import, or does not exist. */
export class TenantKeyUnusableError extends TenantKeyError {
  override readonly name = 'TenantKeyUnusableError';
  readonly code = 'ERR_TENANT_KEY_UNUSABLE';
}

/** KMS says that the key policy, a grant or our role does not allow the operation. */
export class TenantKeyDeniedError extends TenantKeyError {
  override readonly name = 'TenantKeyDeniedError';
  readonly code = 'ERR_TENANT_KEY_DENIED';
}

/** KMS says that the KEK can never do this (asymmetric, HMAC, malformed ARN). */
export class TenantKeyMisconfiguredError extends TenantKeyError {
  override readonly name = 'TenantKeyMisconfiguredError';
  readonly code = 'ERR_TENANT_KEY_MISCONFIGURED';
}

export type KeyRefusal = TenantKeyUnusableError | TenantKeyDeniedError | TenantKeyMisconfiguredError;

/** True when KMS itself refused the tenant's key. An outage is never a refusal. */
export function isKeyRefusal(error: unknown): error is KeyRefusal {
  return error instanceof TenantKeyError;
}

/** KMS throttles, fails or times out, or the external key store is unreachable: an outage, not a revocation. */
export class KmsUnavailableError extends SealstreamError {
  override readonly name = 'KmsUnavailableError';
  readonly code = 'ERR_KMS_UNAVAILABLE';
  readonly disposition = 'retry';
}

/** S3, SQS or DynamoDB throttles, fails, times out or breaks off. */
export class StorageUnavailableError extends SealstreamError {
  override readonly name = 'StorageUnavailableError';
  readonly code = 'ERR_STORAGE_UNAVAILABLE';
  readonly disposition = 'retry';
}

/** S3, SQS or DynamoDB refuses for a reason that does not pass: no such resource, no permission, no such caller. */
export class StorageMisconfiguredError extends SealstreamError {
  override readonly name = 'StorageMisconfiguredError';
  readonly code = 'ERR_STORAGE_MISCONFIGURED';
  readonly disposition = 'retry';
}

/** A message carries another encryption context than the one expected (FORMAT rule 12). */
export class ContextMismatchError extends SealstreamError {
  override readonly name = 'ContextMismatchError';
  readonly code = 'ERR_CONTEXT_MISMATCH';
  readonly disposition = 'reject';
}

/** A message does not verify. The error is uniform on purpose: it never says which part failed. */
export class AuthenticationFailedError extends SealstreamError {
  override readonly name = 'AuthenticationFailedError';
  readonly code = 'ERR_AUTHENTICATION_FAILED';
  readonly disposition = 'reject';
}

/** A manifest is malformed, or its clear part is not what was sealed. */
export class ManifestInvalidError extends SealstreamError {
  override readonly name = 'ManifestInvalidError';
  readonly code = 'ERR_MANIFEST_INVALID';
  readonly disposition = 'reject';
}

/** The vault holds no manifest of that name. */
export class ObjectUnknownError extends SealstreamError {
  override readonly name = 'ObjectUnknownError';
  readonly code = 'ERR_OBJECT_UNKNOWN';
  readonly disposition = 'reject';
}

/** The range is empty or reversed, or begins at or after the end of the object. */
export class RangeInvalidError extends SealstreamError {
  override readonly name = 'RangeInvalidError';
  readonly code = 'ERR_RANGE_INVALID';
  readonly disposition = 'reject';
}

/** The configuration is invalid. It is thrown at cold start and names every missing or malformed variable. */
export class ConfigInvalidError extends SealstreamError {
  override readonly name = 'ConfigInvalidError';
  readonly code = 'ERR_CONFIG_INVALID';
  readonly disposition = 'retry';
}
