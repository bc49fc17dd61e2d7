/** The vault bucket: ciphertext only. */
import type { ByteStream } from '../object/byte-stream.ts';
import type { Receipt } from '../object/receipt.ts';
import type { VersionMarker } from './sources.ts';

export interface Deleted {
  /** Versions and delete markers that are gone. */
  readonly versions: number;
  /** Versions that S3 will not delete however often it is asked, in order. */
  readonly refused: readonly RefusedVersion[];
}

export interface RefusedVersion extends VersionMarker {
  /** What S3 answered: `AccessDenied`, for one. */
  readonly code: string;
}

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

/**
 * FORMAT rule 13. Of what S3 takes, the most an upload can bring is a key of 1,024 bytes, 8 KiB of headers and 10 tags
 * of 384 characters; in JSON, encrypted, in base64 that is less than 64 KiB.
 */
export const MAX_MANIFEST_BYTES = 262_144;
