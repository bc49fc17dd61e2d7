/** One version of a key: an object or a delete marker. */
import type { Checksum } from './checksum.ts';
import type { ObjectHeaders } from './object-headers.ts';
import type { Tags } from './tags.ts';

/** The version id of an object that was written while versioning was not enabled. */
export const NULL_VERSION = 'null';

/** The headers and checksum of an object; they never change once written. */
export interface ObjectAttributes extends ObjectHeaders {
  readonly checksum?: Checksum;
}

export interface NewVersion {
  readonly content: number;
  readonly sizeBytes: number;
  /** The ETag without quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly attributes: ObjectAttributes;
  readonly tags: Tags;
}

export interface Version extends NewVersion {
  /** A number that grows with every write, over all keys. */
  readonly sequence: number;
  readonly key: string;
  /** The version id; the text `null` for a version written while versioning was not enabled. */
  readonly versionId: string;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
}
