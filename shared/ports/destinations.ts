/** The buckets that restored objects go to. */
import type { Attributes } from '../object/attributes.ts';
import type { ByteStream } from '../object/byte-stream.ts';

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
