/** The ingest bucket: the plaintext that tenants uploaded. README.md says what is true of every port. */
import type { Attributes, SourceChecksum } from '../object/attributes.ts';
import type { Geometry } from '../object/geometry.ts';
import type { SourceVersion } from '../object/source-version.ts';

/** Single versions in the ingest bucket. */
export interface Sources {
  /**
   * Reads the plaintext bytes of one chunk of one version.
   * @throws SourceChangedError when the version is gone or not of the planned size
   * @throws SourceUnreadableError when S3 will never let it be read as it is
   */
  read(planned: PlannedSource, chunkIndex: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** @throws SourceChangedError when the version is gone, SourceUnreadableError as `read` */
  describe(source: SourceVersion): Promise<SourceDescription>;
  /** Deletes this one version for good. Idempotent. */
  remove(source: SourceVersion): Promise<void>;
}

/** A version, and how it is divided into chunks. */
export interface PlannedSource extends Geometry {
  readonly source: SourceVersion;
}

/** The versions in the ingest bucket. A version that is still there is not sealed yet. */
export interface SourceListing {
  /**
   * Lists the versions after `marker` (undefined: from the start) whose key begins with `prefix` (undefined: any),
   * 1,000 at most, in order of key, without delete markers.
   */
  page(marker: VersionMarker | undefined, prefix?: string): Promise<VersionPage>;
}

export interface VersionPage {
  readonly versions: readonly ListedVersion[];
  /** The marker that the next page comes after. Undefined: this is the last page. */
  readonly next: VersionMarker | undefined;
}

export interface VersionMarker {
  readonly key: string;
  readonly versionId: string;
}

/** A version as S3 lists it. A listing does not tell the sequencer. */
export interface ListedVersion extends Omit<SourceVersion, 'sequencer'> {
  readonly sizeBytes: number;
}

export interface SourceDescription {
  /**
   * The time of the upload as S3 says it, ISO 8601, UTC, whole seconds. A multipart upload is dated from when it began.
   */
  readonly modifiedAt?: string | undefined;
  readonly attributes: Attributes;
  readonly checksums: readonly SourceChecksum[];
}
