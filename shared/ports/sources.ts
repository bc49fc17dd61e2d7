/** The ingest bucket: the plaintext that tenants uploaded. */
import type { Attributes, SourceChecksum } from '../object/attributes.ts';
import type { ByteStream } from '../object/byte-stream.ts';
import type { Geometry } from '../object/geometry.ts';
import type { SourceVersion } from '../object/source-version.ts';

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

export interface SourceDescription {
  /** ISO 8601, UTC, whole seconds: when S3 says it was uploaded; of a multipart upload, when that began. */
  readonly modifiedAt?: string | undefined;
  readonly attributes: Attributes;
  readonly checksums: readonly SourceChecksum[];
}
