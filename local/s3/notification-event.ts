/** The messages about a change: the record for queues and functions, the event for EventBridge, the test event. */
import { hash } from 'node:crypto';
import type { AwsEvent, Caller } from '../front/service.ts';
import type { Bucket } from './buckets.ts';
import { encodeKey } from './key-encoding.ts';

export type ChangeKind =
  | 'ObjectCreated:Put'
  | 'ObjectCreated:Copy'
  | 'ObjectCreated:CompleteMultipartUpload'
  | 'ObjectRemoved:Delete'
  | 'ObjectRemoved:DeleteMarkerCreated';

export interface ObjectChange {
  readonly kind: ChangeKind;
  readonly bucket: Bucket;
  readonly key: string;
  /** The object's size. Undefined for a removal. */
  readonly sizeBytes?: number;
  readonly etag?: string;
  /** The version id. Undefined when versioning is not enabled. */
  readonly versionId?: string;
  /** A number that grows with every change of the key. */
  readonly sequence: number;
  readonly atMs: number;
  readonly caller: Caller;
}

/** Returns the message for one destination; `configurationId` is that of the destination. */
export function notificationOf(change: ObjectChange, configurationId: string): object {
  const { bucket, caller } = change;
  const record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime: new Date(change.atMs).toISOString(),
    eventName: change.kind,
    userIdentity: { principalId: principalId(caller) },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': caller.requestId, 'x-amz-id-2': hostId(caller.requestId) },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: bucketMember(bucket),
      object: objectMember(change),
    },
  };
  return { Records: [record] };
}

export function eventBridgeEvent(change: ObjectChange): AwsEvent {
  const { bucket, key, caller, kind } = change;
  const isRemoval = kind.startsWith('ObjectRemoved');
  const deletion = kind === 'ObjectRemoved:Delete' ? 'Permanently Deleted' : 'Delete Marker Created';
  return {
    source: 'aws.s3',
    'detail-type': isRemoval ? 'Object Deleted' : 'Object Created',
    account: bucket.accountId,
    region: bucket.region,
    time: new Date(change.atMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    resources: [`arn:aws:s3:::${bucket.name}`],
    detail: {
      version: '0',
      bucket: { name: bucket.name },
      object: {
        key,
        size: change.sizeBytes,
        etag: change.etag,
        'version-id': change.versionId,
        sequencer: sequencerOf(change),
      },
      'request-id': caller.requestId,
      requester: caller.principal.accountId,
      'source-ip-address': '127.0.0.1',
      reason: REASONS[kind],
      ...(isRemoval ? { 'deletion-type': deletion } : {}),
    },
  };
}

/** Returns the message that a queue gets once when it becomes a destination. It has no Records. */
export function testEvent(bucket: Bucket, atMs: number, { requestId }: Caller): object {
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(atMs).toISOString(),
    Bucket: bucket.name,
    RequestId: requestId,
    HostId: hostId(requestId),
  };
}

/** Returns the second, opaque id that S3 gives every request. */
export function hostId(requestId: string): string {
  return hash('sha384', requestId, 'base64');
}

const REASONS: Readonly<Record<ChangeKind, string>> = {
  'ObjectCreated:Put': 'PutObject',
  'ObjectCreated:Copy': 'CopyObject',
  'ObjectCreated:CompleteMultipartUpload': 'CompleteMultipartUpload',
  'ObjectRemoved:Delete': 'DeleteObject',
  'ObjectRemoved:DeleteMarkerCreated': 'DeleteObject',
};

function bucketMember({ name, accountId }: Bucket): object {
  return { name, ownerIdentity: { principalId: uniqueId('A', accountId) }, arn: `arn:aws:s3:::${name}` };
}

function objectMember(change: ObjectChange): object {
  return {
    key: encodeKey(change.key),
    size: change.sizeBytes,
    eTag: change.etag,
    versionId: change.versionId,
    sequencer: sequencerOf(change),
  };
}

function sequencerOf({ sequence }: ObjectChange): string {
  return sequence.toString(16).toUpperCase().padStart(18, '0');
}

/** Returns `AWS:` and the caller's unique id; that of a role is followed by its session. */
function principalId({ principal }: Caller): string {
  if (principal.roleArn === undefined) return `AWS:${principal.accountId}`;
  return `AWS:${uniqueId('AROA', principal.roleArn)}:${principal.arn.split('/').at(-1) ?? ''}`;
}

function uniqueId(prefix: string, name: string): string {
  return prefix + hash('sha256', name).slice(0, 17).toUpperCase();
}
