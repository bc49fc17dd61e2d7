/**
 * Reads a range of one object. It fetches and verifies the manifest, and then only the frames that hold the range:
 * FORMAT rules 34 to 36. A small object is fetched and verified whole.
 */
import { decryptRange } from '../envelope/message/decrypt-range.ts';
import type { Pieces } from '../envelope/message/content.ts';
import { type Keys, kekOf } from '../envelope/kms/kek.ts';
import { AuthenticationFailedError, RangeInvalidError } from '../errors.ts';
import type { ClearPart } from '../manifest/manifest.ts';
import { openObject } from '../manifest/open.ts';
import type { Attributes } from '../object/attributes.ts';
import { chunkContext } from '../object/context.ts';
import { type ByteRange, chunkRange, partsOf, rangeBytes } from '../object/geometry.ts';
import { chunkKey } from '../object/vault-key.ts';
import type { Tenants } from '../ports/tenants.ts';
import type { Vault } from '../ports/vault.ts';
import type { Guard } from '../revocation/guard.ts';
import { requireWorking } from '../tenant/admission.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { Tenant } from '../tenant/tenant.ts';

export interface RangePorts {
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly vault: Pick<Vault, 'getEntry' | 'getChunkRange'>;
  readonly keys: Keys;
  readonly guard: Guard;
}

/** The half-open range `[start, end)` of an object's bytes. Without an end, or with one beyond the object: to its end. */
export interface RequestedRange {
  readonly start: number;
  readonly end?: number;
}

export interface RangeRequest<Result> {
  readonly tenantId: TenantId;
  /** The object's name, as the tenant uploaded it below `{tenantId}/`. */
  readonly key: string;
  readonly range: RequestedRange;
  /** Takes the bytes while the tenant's key is guarded, and must keep nothing of them if it throws. */
  readonly consume: (read: RangeRead, signal: AbortSignal) => Promise<Result>;
}

export interface RangeRead {
  /** The range that the object has. */
  readonly range: ByteRange;
  readonly sizeBytes: number;
  readonly attributes: Attributes;
  /** Exactly the bytes of the range. It throws rather than end short of them. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** A request whose tenant may restore, and the signal that stops the work on it. */
interface RangeWork<Result> extends RangeRequest<Result> {
  readonly tenant: Tenant;
  readonly signal: AbortSignal;
}

/**
 * Gives the range to `consume`, and returns what it returns.
 * @throws RangeInvalidError for a range that is empty or reversed, or begins at or after the end of the object
 * @throws TenantUnknownError, TenantRevokedError, ObjectUnknownError, ManifestInvalidError
 * @throws ContextMismatchError, AuthenticationFailedError when a chunk is missing, or what was fetched of it is altered
 * @throws EpochChangedError when the tenant's key changed meanwhile
 * @throws the KMS errors of `decrypt`, StorageUnavailableError
 */
export async function readRange<Result>(
  request: RangeRequest<Result>,
  ports: RangePorts,
  signal: AbortSignal,
): Promise<Result> {
  const { tenantId, range } = request;
  requireRange(range);
  const tenant = requireWorking(await ports.tenants.tenant(tenantId), tenantId, 'restores');
  return await ports.guard(
    tenant,
    signal,
    async (guarded) => await consumeRange({ ...request, tenant, signal: guarded }, ports),
  );
}

async function consumeRange<Result>(work: RangeWork<Result>, ports: RangePorts): Promise<Result> {
  const opened = await openObject(work, ports);
  const {
    attributes,
    clear: { sizeBytes },
  } = opened;
  const range = withinObject(work.range, sizeBytes);
  const content =
    opened.kind === 'inline'
      ? inOnePiece(opened.content.subarray(range.start, range.end))
      : contentOf(opened.clear, { ...work, range }, ports);
  try {
    return await work.consume({ range, sizeBytes, attributes, content }, work.signal);
  } finally {
    // A consumer that leaves bytes unread must leave neither a DEK nor a connection behind.
    await content.return(undefined);
  }
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Yields the bytes of the range, chunk by chunk. */
async function* contentOf(
  clear: ClearPart,
  {
    tenant,
    range,
    signal,
  }: { readonly tenant: Tenant; readonly range: ByteRange; readonly signal: AbortSignal },
  { keys, vault }: RangePorts,
): AsyncGenerator<Uint8Array> {
  const kek = kekOf(tenant, keys, clear.kekArn);
  for (const { chunkIndex, range: part } of partsOf(clear, range)) {
    const key = chunkKey(clear.tenantId, clear.objectId, chunkIndex);
    const fetch = async (bytes: ByteRange): Promise<Pieces> => {
      const pieces = await vault.getChunkRange(key, bytes, signal);
      if (pieces !== undefined) return pieces;
      throw new AuthenticationFailedError(`object ${clear.objectId}: chunk ${chunkIndex} is missing`);
    };
    const contentBytes = rangeBytes(chunkRange(clear, chunkIndex));
    yield* decryptRange(kek, { contentBytes, range: part, fetch, signal }, chunkContext(clear, chunkIndex));
  }
}

function requireRange({ start, end = Infinity }: RequestedRange): void {
  if (
    Number.isSafeInteger(start) &&
    start >= 0 &&
    end > start &&
    (end === Infinity || Number.isSafeInteger(end))
  )
    return;
  throw new RangeInvalidError(`the range from ${start} to ${end} holds no byte of any object`);
}

/** Returns the part of the range that the object has, as HTTP does (RFC 9110, section 14.1.2). */
function withinObject({ start, end = Infinity }: RequestedRange, sizeBytes: number): ByteRange {
  if (start >= sizeBytes)
    throw new RangeInvalidError(`the range begins at ${start}, but the object has ${sizeBytes} bytes`);
  return { start, end: Math.min(end, sizeBytes) };
}
