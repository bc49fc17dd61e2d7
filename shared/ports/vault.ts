/** The vault bucket: ciphertext only. README.md says what is true of every port. */
import { type ByteRange, MAX_INLINE_BYTES } from '../object/geometry.ts';
import type { Receipt } from '../object/plan.ts';
import type { VersionMarker } from './sources.ts';

/** Every write is conditional: it replaces nothing, or only what was seen. */
export interface Vault {
  /** Writes a chunk over what it replaces. Returns undefined when something else is there. */
  putChunk(chunk: WrittenChunk, signal: AbortSignal): Promise<Receipt | undefined>;
  /**
   * Returns undefined when there is no such chunk.
   * @throws AuthenticationFailedError, then or while it is read, when it has more than `maxBytes`
   */
  getChunk(
    key: string,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * Returns the bytes of a chunk that are in the range, fewer when the chunk ends before. Returns undefined when there is
   * none of them.
   * @throws AuthenticationFailedError, then or while they are read, when S3 answers with more
   */
  getChunkRange(
    key: string,
    range: ByteRange,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Lists the chunks whose key begins with `prefix`, in key order, page by page. */
  listChunks(prefix: string): AsyncIterable<ListedChunk>;
  /** Reads `MAX_ENTRY_BYTES` at most. An object that has more is no entry: its `body` is empty. */
  getEntry(key: string): Promise<StoredEntry | undefined>;
  /** Writes an entry over `replaced` (undefined: over nothing). Returns false when another one came in between. */
  putEntry(key: string, entry: Entry, replaced: StoredEntry | undefined): Promise<boolean>;
}

export interface WrittenChunk {
  readonly key: string;
  readonly message: Uint8Array;
  /** The ETag of the chunk that is written over. Undefined: the chunk is written over nothing. */
  readonly replacedEtag?: string | undefined;
}

export interface ListedChunk extends Pick<Receipt, 'etag'> {
  readonly key: string;
  readonly bytes: number;
}

/** An object that rests under the name of a tenant's object: a manifest, or a small object itself (FORMAT rule 28). */
export interface Entry {
  readonly body: Uint8Array;
  /** The clear part of an inline object, in JSON: S3's user metadata `sealstream`. A manifest has none. */
  readonly clear?: string | undefined;
}

export interface StoredEntry extends Entry {
  readonly etag: string;
  /** The time of the write as S3 says it, ISO 8601, UTC, whole seconds. */
  readonly modifiedAt?: string | undefined;
}

/**
 * FORMAT rule 13. Of what S3 takes, the most an upload can bring is a key of 1,024 bytes, 8 KiB of headers and 10 tags
 * of 384 characters. In JSON, encrypted, in base64 that is less than 64 KiB.
 */
export const MAX_MANIFEST_BYTES = 262_144;

/** The most bytes of an entry: an inline object has its attributes beside its content. */
export const MAX_ENTRY_BYTES: number = MAX_INLINE_BYTES + MAX_MANIFEST_BYTES;

/** The outcome of deleting a tenant's ciphertext. */
export interface Deleted {
  /** The number of versions and delete markers that are gone. */
  readonly versions: number;
  /** Versions that S3 will not delete however often it is asked, in order. */
  readonly refused: readonly RefusedVersion[];
}

export interface RefusedVersion extends VersionMarker {
  /** The code that S3 answered, for example `AccessDenied`. */
  readonly code: string;
}
