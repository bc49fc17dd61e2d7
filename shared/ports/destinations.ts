/** The buckets that restored objects go to. README.md says what is true of every port. */
import type { Attributes } from '../object/attributes.ts';

/** The bucket and the key that an object is restored to. */
export interface Destination {
  readonly bucket: string;
  readonly key: string;
}

export interface RestoredObject {
  readonly destination: Destination;
  readonly attributes: Attributes;
  /** The length of `content`. */
  readonly sizeBytes: number;
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface Destinations {
  /** Writes the object all or nothing. An error of its content aborts the write and is thrown on. */
  write(object: RestoredObject, signal: AbortSignal): Promise<void>;
}
