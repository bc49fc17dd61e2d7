/**
 * The notification of S3: this version of this object was uploaded. It is a claim, not a proof; `encrypt` compares it
 * with S3 itself. When S3's own notification was lost, one of ours takes its place.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
import * as z from 'zod';
import { EventInvalidError } from '../errors.ts';
import { parseJson } from '../json.ts';
import {
  decodeFormKey,
  encodeFormKey,
  type SourceVersion,
  splitKey,
  type Upload,
} from '../object/source-version.ts';

const notificationSchema = z.union([
  z.object({ Event: z.literal('s3:TestEvent') }),
  z.object({ Records: z.array(z.unknown()) }),
]);

const recordSchema = z.object({
  eventSource: z.literal('aws:s3'),
  eventName: z.string().startsWith('ObjectCreated:'),
  eventTime: z.iso.datetime(),
  s3: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({
      key: z.string().min(1),
      size: z.int().min(0),
      versionId: z.string({ error: 'is missing: enable versioning on the ingest bucket' }).min(1),
      sequencer: z.string().regex(/^[0-9A-Fa-f]*$/u),
    }),
  }),
});

/**
 * Returns the records of one notification, each to be read by `uploadOf`; none for `s3:TestEvent`.
 * @throws EventInvalidError when the body is not a notification of S3
 */
export function parseNotification(body: string): readonly unknown[] {
  const parsed = notificationSchema.safeParse(
    parseJson(body, () => new EventInvalidError('the notification is not JSON')),
  );
  if (!parsed.success)
    throw new EventInvalidError('not an S3 notification: neither Records nor a test event');
  return 'Records' in parsed.data ? parsed.data.Records : [];
}

/**
 * Reads the upload that one record of a notification names.
 * @throws EventInvalidError when the record is not an ObjectCreated record, when the bucket is not versioned, or when
 * the key is not form-encoded or names no object
 * @throws TenantUnknownError when the key does not begin with a tenant id
 */
export function uploadOf(record: unknown): Upload {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) {
    throw new EventInvalidError(`not an S3 ObjectCreated record: ${z.prettifyError(parsed.error)}`);
  }
  const { s3, eventTime } = parsed.data;
  const { bucket, object } = s3;
  const sourceKey = decodeFormKey(object.key);
  const { versionId, sequencer } = object;
  const source = { bucket: bucket.name, key: sourceKey, versionId, sequencer, uploadedAt: eventTime };
  return { ...splitKey(sourceKey), source, sizeBytes: object.size };
}

/** Writes the notification of a version that S3 never told of; `uploadOf` reads from it what is given here. */
export function notificationOf({ bucket, key, ...source }: SourceVersion, sizeBytes: number): string {
  const { versionId, sequencer, uploadedAt } = source;
  const record = {
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Redriven',
    eventTime: uploadedAt,
    s3: {
      bucket: { name: bucket },
      object: { key: encodeFormKey(key), size: sizeBytes, versionId, sequencer },
    },
  };
  return JSON.stringify({ Records: [record] });
}
