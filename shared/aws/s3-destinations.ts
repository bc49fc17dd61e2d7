/** The buckets that restored objects go to. A multipart upload shows nothing until it is complete, so a write is all or nothing. */
import { type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { type Options, Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import type { Attributes } from '../object/attributes.ts';
import type { Destinations } from '../ports/destinations.ts';
import { bearingHeaders, withHeaders } from './s3-stored-headers.ts';
import { mapStorageFailure } from './storage-failure.ts';

const MIN_PART_BYTES = 8 * 1_048_576;
/** S3's limit. */
const MAX_PARTS = 10_000;
/** Parts in memory: one filling, this many on their way. */
const PARTS_AT_ONCE = 2;

export function s3Destinations(s3: S3Client): Destinations {
  bearingHeaders(s3);
  return {
    async write({ destination, attributes, sizeBytes, content }, signal) {
      const { bucket, key } = destination;
      const upload = new Upload({
        client: s3,
        params: { Bucket: bucket, Key: key, Body: Readable.from(content), ...taggingOf(attributes) },
        partSize: partBytes(sizeBytes),
        queueSize: PARTS_AT_ONCE,
        abortController: asking(signal),
      });
      try {
        await mapStorageFailure(
          's3:PutObject',
          async () => await withHeaders(attributes, async () => await upload.done()),
          bucket,
        );
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    },
  };
}

/** Returns the bytes of a part such that an object of `sizeBytes` fits in S3's 10,000 parts. */
export function partBytes(sizeBytes: number): number {
  return Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
}

/**
 * What Upload asks between parts. It is never called back: it would then throw at once, and abort the upload later,
 * in a sandbox that may be frozen by that time.
 */
function asking(signal: AbortSignal): NonNullable<Options['abortController']> {
  return {
    signal: {
      get aborted() {
        return signal.aborted;
      },
      onabort: null,
    },
    abort: () => undefined,
  };
}

/** The other attributes are headers that `withHeaders` sends. */
function taggingOf({ tags }: Attributes): Pick<PutObjectCommandInput, 'Tagging'> {
  const tagging = new URLSearchParams(tags).toString();
  return tagging === '' ? {} : { Tagging: tagging };
}
