/** The configurations of a bucket: versioning, policy, notifications. */
import { PolicyError, parsePolicy } from '../iam/policy-validation.ts';
import { AwsError, type Deliver } from '../front/service.ts';
import { authorize } from './access.ts';
import { sendEmpty, sendXml } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { invalidArgument, malformedXml, notImplemented } from './errors.ts';
import { findBucket } from './find-bucket.ts';
import {
  type NotificationConfiguration,
  notificationContent,
  parseNotificationConfiguration,
} from './notification-configuration.ts';
import { testEvent } from './notification-event.ts';
import { readDocument } from './payload.ts';
import type { Store } from './store.ts';
import { parseXml, textOf } from './xml.ts';

export function getBucketVersioning(store: Store, call: S3Call): void {
  const bucket = permitted(store, call, 's3:GetBucketVersioning');
  sendXml(call.response, 'VersioningConfiguration', { Status: bucket.versioning });
}

export async function putBucketVersioning(store: Store, call: S3Call): Promise<void> {
  permitted(store, call, 's3:PutBucketVersioning');
  const configuration = parseXml(await readDocument(call), 'VersioningConfiguration');
  const versioning = textOf(configuration, 'Status');
  if (textOf(configuration, 'MfaDelete') === 'Enabled') throw notImplemented('MfaDelete');
  if (versioning !== 'Enabled' && versioning !== 'Suspended') throw malformedXml();
  store.buckets.put({ ...store.buckets.get(call.bucket), versioning });
  sendEmpty(call.response, 200);
}

export function getBucketPolicy(store: Store, call: S3Call): void {
  const { name, policy } = permitted(store, call, 's3:GetBucketPolicy');
  if (policy === undefined)
    throw new AwsError('NoSuchBucketPolicy', 404, 'The bucket policy does not exist', { BucketName: name });
  const body = JSON.stringify(policy);
  call.response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  call.response.end(body);
}

export async function putBucketPolicy(store: Store, call: S3Call): Promise<void> {
  permitted(store, call, 's3:PutBucketPolicy');
  const text = await readDocument(call);
  try {
    store.buckets.put({ ...store.buckets.get(call.bucket), policy: parsePolicy(text, 'resource') });
  } catch (error) {
    if (error instanceof PolicyError) throw new AwsError('MalformedPolicy', 400, error.message);
    throw error;
  }
  sendEmpty(call.response, 204);
}

export function deleteBucketPolicy(store: Store, call: S3Call): void {
  const bucket = permitted(store, call, 's3:DeleteBucketPolicy');
  store.buckets.put({ ...bucket, policy: undefined });
  sendEmpty(call.response, 204);
}

export function getBucketNotification(store: Store, call: S3Call): void {
  const bucket = permitted(store, call, 's3:GetBucketNotification');
  sendXml(call.response, 'NotificationConfiguration', notificationContent(bucket.notification));
}

/**
 * Stores a notification configuration. Every queue gets an s3:TestEvent first; a queue that refuses it makes the
 * whole configuration fail.
 */
export async function putBucketNotification(store: Store, call: S3Call, deliver: Deliver): Promise<void> {
  const bucket = permitted(store, call, 's3:PutBucketNotification');
  const notification = parseNotificationConfiguration(await readDocument(call));
  if (call.headers['x-amz-skip-destination-validation'] !== 'true')
    await validateQueues(notification, deliver, testEvent(bucket, store.clock.now(), call.caller));
  store.buckets.put({ ...store.buckets.get(call.bucket), notification });
  sendEmpty(call.response, 200);
}

async function validateQueues(
  { destinations }: NotificationConfiguration,
  deliver: Deliver,
  event: object,
): Promise<void> {
  const queues = destinations.filter(({ kind }) => kind === 'Queue');
  const outcomes = await Promise.allSettled(queues.map(async ({ arn }) => deliver(arn, event)));
  const failed = queues.find((_, index) => outcomes[index]?.status === 'rejected');
  if (failed === undefined) return;
  const message = 'Unable to validate the following destination configurations';
  throw invalidArgument(message, failed.arn, 'Unable to send a test event to the destination');
}

function permitted(store: Store, call: S3Call, action: string): Bucket {
  const bucket = findBucket(store, call);
  authorize(store, call, { action, bucket });
  return bucket;
}
