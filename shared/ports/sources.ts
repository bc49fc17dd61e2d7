/** The ingest bucket: the plaintext that tenants uploaded. README.md says what is true of every port. */
import type { Attributes, SourceChecksum } from '../object/attributes.ts';
import type { ByteRange } from '../object/geometry.ts';
import type { SourceVersion } from '../object/source-version.ts';

/** Single versions in the ingest bucket. */
export interface Sources {
  /**
   * Reads a whole version and everything that S3 keeps of it, so that nothing has to be asked again.
   * @throws SourceChangedError, then or while it is read, when the version is gone or not of the expected size
   * @throws SourceUnreadableError when S3 will never let it be read as it is
   */
  readWhole(version: SizedVersion, signal: AbortSignal): Promise<WholeSource>;
  /**
   * Reads one range of a version. Precondition: the range is not empty.
   * @throws SourceChangedError, SourceUnreadableError as `readWhole`
   */
  readRange(version: SizedVersion, range: ByteRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** @throws SourceChangedError when the version is gone, SourceUnreadableError as `readWhole` */
  describe(source: SourceVersion): Promise<SourceDescription>;
  /** Deletes this one version for good. Idempotent. */
  remove(source: SourceVersion): Promise<void>;
}

/** A version, and the bytes that it is expected to have. */
export interface SizedVersion {
  readonly source: SourceVersion;
  readonly sizeBytes: number;
}

export interface WholeSource {
  readonly content: AsyncIterable<Uint8Array>;
  readonly description: SourceDescription;
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
