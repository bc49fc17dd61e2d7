/** CreateBucket, HeadBucket, DeleteBucket, ListBuckets, GetBucketLocation. */
import { AwsError } from '../front/service.ts';
import { authorize, authorizeAccount } from './access.ts';
import { isoDate, sendEmpty, sendXml } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { notImplemented } from './errors.ts';
import { findBucket } from './find-bucket.ts';
import { assertExpectedOwner } from './known-headers.ts';
import { NO_NOTIFICATIONS } from './notification-configuration.ts';
import { ownerContent } from './owner.ts';
import { readDocument } from './payload.ts';
import type { Store } from './store.ts';
import { elementNames, parseXml, textOf } from './xml.ts';

/** The region whose buckets have no location constraint. */
const DEFAULT_REGION = 'us-east-1';
const NAME =
  /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)$/;

export async function createBucket(store: Store, call: S3Call): Promise<void> {
  const { bucket: name, caller } = call;
  if (!NAME.test(name))
    throw new AwsError('InvalidBucketName', 400, 'The specified bucket is not valid.', { BucketName: name });
  authorizeAccount(store, call, { action: 's3:CreateBucket', resource: `arn:aws:s3:::${name}` });
  assertLocation(await readDocument(call), caller.region);
  const existing = store.buckets.find(name);
  if (existing !== undefined) assertRecreatable(existing, call);
  else store.buckets.put(newBucket(store, call));
  sendEmpty(call.response, 200, { location: `/${name}` });
}

export function headBucket(store: Store, call: S3Call): void {
  const bucket = findBucket(store, call);
  authorize(store, call, { action: 's3:ListBucket', bucket });
  sendEmpty(call.response, 200, {
    'x-amz-bucket-region': bucket.region,
    'x-amz-bucket-arn': `arn:aws:s3:::${bucket.name}`,
    'x-amz-access-point-alias': 'false',
  });
}

export function deleteBucket(store: Store, call: S3Call): void {
  const bucket = findBucket(store, call);
  authorize(store, call, { action: 's3:DeleteBucket', bucket });
  if (!store.versions.isEmpty(bucket.name) || !store.uploads.isEmpty(bucket.name)) {
    const message = 'The bucket you tried to delete is not empty';
    throw new AwsError('BucketNotEmpty', 409, message, { BucketName: bucket.name });
  }
  store.buckets.remove(bucket.name);
  sendEmpty(call.response, 204);
}

export function listBuckets(store: Store, call: S3Call): void {
  const { accountId } = call.caller.principal;
  authorizeAccount(store, call, { action: 's3:ListAllMyBuckets', resource: 'arn:aws:s3:::*' });
  const buckets = store.buckets.ownedBy(accountId).map(({ name, createdMs, region }) => ({
    Name: name,
    CreationDate: isoDate(createdMs),
    BucketRegion: region,
    BucketArn: `arn:aws:s3:::${name}`,
  }));
  sendXml(call.response, 'ListAllMyBucketsResult', {
    Owner: ownerContent(accountId),
    Buckets: { Bucket: buckets },
  });
}

/** Answers in every region, because clients find the right region by it. */
export function getBucketLocation(store: Store, call: S3Call): void {
  const bucket = store.buckets.get(call.bucket);
  assertExpectedOwner(call.headers['x-amz-expected-bucket-owner'], bucket.accountId);
  authorize(store, call, { action: 's3:GetBucketLocation', bucket });
  sendXml(call.response, 'LocationConstraint', bucket.region === DEFAULT_REGION ? '' : bucket.region);
}

function newBucket(store: Store, { bucket, caller }: S3Call): Bucket {
  return {
    name: bucket,
    accountId: caller.principal.accountId,
    region: caller.region,
    createdMs: store.clock.now(),
    notification: NO_NOTIFICATIONS,
  };
}

/**
 * Lets an owner create its bucket again in us-east-1 alone, for old clients.
 * @throws BucketAlreadyExists for a bucket of another account, otherwise BucketAlreadyOwnedByYou
 */
function assertRecreatable({ name, accountId, region }: Bucket, { caller }: S3Call): void {
  const members = { BucketName: name };
  if (accountId !== caller.principal.accountId) {
    const message =
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.';
    throw new AwsError('BucketAlreadyExists', 409, message, members);
  }
  if (region === DEFAULT_REGION && caller.region === DEFAULT_REGION) return;
  const message = 'Your previous request to create the named bucket succeeded and you already own it.';
  throw new AwsError('BucketAlreadyOwnedByYou', 409, message, members);
}

function assertLocation(document: string, region: string): void {
  const configuration = document.trim() === '' ? '' : parseXml(document, 'CreateBucketConfiguration');
  const unknown = elementNames(configuration).find((name) => name !== 'LocationConstraint');
  if (unknown !== undefined) throw notImplemented(unknown);
  const constraint = textOf(configuration, 'LocationConstraint');
  if ((constraint ?? DEFAULT_REGION) === region && constraint !== DEFAULT_REGION) return;
  if (constraint === DEFAULT_REGION)
    throw new AwsError('InvalidLocationConstraint', 400, 'The specified location-constraint is not valid', {
      LocationConstraint: constraint,
    });
  const message = `The ${constraint ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`;
  throw new AwsError('IllegalLocationConstraintException', 400, message);
}
