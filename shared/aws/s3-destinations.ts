/**
 * The buckets that restored objects go to. A multipart upload shows nothing until it is complete, so a write is all or
 * nothing.
 */
import { type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { type Options, Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import type { Attributes } from '../object/attributes.ts';
import type { Destinations } from '../ports/destinations.ts';
import { carryHeaders, withHeaders } from './s3-stored-headers.ts';
import { mapStorageFailure } from './storage-failure.ts';

const MIN_PART_BYTES = 8 * 1_048_576;
/** The most parts that S3 takes. */
const MAX_PARTS = 10_000;
/** The parts that are sent at the same time. One more part in memory is being filled. */
const PARTS_AT_ONCE = 2;

export function s3Destinations(s3: S3Client): Destinations {
  carryHeaders(s3);
  return {
    async write({ destination, attributes, sizeBytes, content }, signal) {
      const { bucket, key } = destination;
      const upload = new Upload({
        client: s3,
        params: { Bucket: bucket, Key: key, Body: Readable.from(content), ...taggingOf(attributes) },
        partSize: partBytes(sizeBytes),
        queueSize: PARTS_AT_ONCE,
        abortController: abortControllerOf(signal),
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

/** Returns the bytes of one part, so that an object of `sizeBytes` fits in S3's 10,000 parts. */
export function partBytes(sizeBytes: number): number {
  return Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
}

/**
 * Makes the controller that Upload asks between parts if it must stop. Upload gets no callback: on a callback it would
 * throw at once and abort the upload later, in a sandbox that may be frozen by then.
 */
function abortControllerOf(signal: AbortSignal): NonNullable<Options['abortController']> {
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

/** Returns the parameter for the tags. The other attributes are headers, which `withHeaders` sends. */
function taggingOf({ tags }: Attributes): Pick<PutObjectCommandInput, 'Tagging'> {
  const tagging = new URLSearchParams(tags).toString();
  return tagging === '' ? {} : { Tagging: tagging };
}
