/** Buckets: their names, their owners, their configurations; and what the local S3 does not know. */
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { PutObjectCommand, type S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, newBucket, OTHER_ACCOUNT, s3Target, type S3Target } from './s3-server.ts';

let target: S3Target;
let s3: S3;

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
});
afterAll(async () => target[Symbol.asyncDispose]());

test('a bucket is found by its owner, who alone has it in the list', async () => {
  const Bucket = await newBucket(s3);
  expect((await s3.headBucket({ Bucket })).BucketRegion).toBe('us-east-1');
  const mine = await s3.listBuckets({});
  const others = await target.client(OTHER_ACCOUNT).listBuckets({});
  expect(mine.Buckets?.map(({ Name }) => Name)).toContain(Bucket);
  expect(others.Buckets?.map(({ Name }) => Name) ?? []).not.toContain(Bucket);
});

test('a name is taken once for everybody', async () => {
  const Bucket = await newBucket(s3);
  await s3.createBucket({ Bucket });
  const stolen = target.client(OTHER_ACCOUNT).createBucket({ Bucket });
  await expect(stolen).rejects.toMatchObject({ name: 'BucketAlreadyExists' });
});

test.each(['ab', 'Upper', 'under_score', 'dots..dots', '192.168.0.1', '-dash'])(
  '%s is no name for a bucket',
  async (Bucket) => {
    await expect(s3.createBucket({ Bucket })).rejects.toMatchObject({ name: 'InvalidBucketName' });
  },
);

test('a bucket of another region is created and located there, and reached only there', async () => {
  const european = target.client(ACCOUNT, { region: 'eu-central-1' });
  const Bucket = await newBucket(european);
  expect((await european.getBucketLocation({ Bucket })).LocationConstraint).toBe('eu-central-1');
  await expect(s3.listObjectsV2({ Bucket })).rejects.toMatchObject({ name: 'PermanentRedirect' });
  await expect(european.createBucket({ Bucket })).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' });
});

test('only an empty bucket is deleted', async () => {
  const Bucket = await newBucket(s3, 'Enabled');
  const { VersionId } = await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
  await expect(s3.deleteBucket({ Bucket })).rejects.toMatchObject({ name: 'BucketNotEmpty' });
  await s3.deleteObject({ Bucket, Key: 'k', VersionId });
  await s3.deleteBucket({ Bucket });
  await expect(s3.headBucket({ Bucket })).rejects.toMatchObject({ name: 'NotFound' });
  await expect(s3.putObject({ Bucket, Key: 'k', Body: 'x' })).rejects.toMatchObject({ name: 'NoSuchBucket' });
});

test('versioning is unset until it is configured', async () => {
  const Bucket = await newBucket(s3);
  expect((await s3.getBucketVersioning({ Bucket })).Status).toBeUndefined();
  await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
  expect((await s3.getBucketVersioning({ Bucket })).Status).toBe('Enabled');
});

test('a policy is kept, told and deleted; one that cannot be read is MalformedPolicy', async () => {
  const Bucket = await newBucket(s3);
  await expect(s3.getBucketPolicy({ Bucket })).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  const Statement = [
    { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
  ];
  const policy = { Version: '2012-10-17', Statement };
  await s3.putBucketPolicy({ Bucket, Policy: JSON.stringify(policy) });
  expect(JSON.parse((await s3.getBucketPolicy({ Bucket })).Policy ?? '')).toEqual(policy);
  await s3.deleteBucketPolicy({ Bucket });
  await expect(s3.getBucketPolicy({ Bucket })).rejects.toMatchObject({ name: 'NoSuchBucketPolicy' });
  await expect(s3.putBucketPolicy({ Bucket, Policy: '{' })).rejects.toMatchObject({
    name: 'MalformedPolicy',
  });
});

test('the owner a client expects must be the owner', async () => {
  const Bucket = await newBucket(s3);
  await s3.headBucket({ Bucket, ExpectedBucketOwner: ACCOUNT });
  const other = s3.listObjectsV2({ Bucket, ExpectedBucketOwner: OTHER_ACCOUNT });
  await expect(other).rejects.toMatchObject({ name: 'AccessDenied' });
});

/** A lookup for the names below localhost, which not every system resolves. */
const loopback: LookupFunction = (_hostname, { all }, done) =>
  all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

test('virtual-host style reaches the same bucket', async () => {
  const Bucket = await newBucket(s3);
  const Key = 'dir/../a b';
  const requestHandler = { httpAgent: new Agent({ lookup: loopback }) };
  const virtual = target.client(ACCOUNT, { forcePathStyle: false, requestHandler });
  await virtual.putObject({ Bucket, Key, Body: 'x' });
  expect(await (await s3.getObject({ Bucket, Key })).Body?.transformToString()).toBe('x');
});

test.each([
  { SSECustomerAlgorithm: 'AES256', SSECustomerKey: Buffer.alloc(32).toString('base64') },
  { ServerSideEncryption: 'aws:kms' as const },
  { ACL: 'public-read' as const },
  { ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: new Date(2e12) },
  { StorageClass: 'STANDARD_IA' as const },
  { WebsiteRedirectLocation: '/x' },
])('%o, which would change the meaning of a write, is NotImplemented', async (option) => {
  const Bucket = await newBucket(s3);
  const put = s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...option }));
  await expect(put).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  expect((await s3.listObjectsV2({ Bucket })).KeyCount).toBe(0);
});

test('sub-resources that are not built are NotImplemented', async () => {
  const Bucket = await newBucket(s3);
  await expect(s3.getBucketAcl({ Bucket })).rejects.toMatchObject({ name: 'NotImplemented' });
  await expect(s3.getBucketLifecycleConfiguration({ Bucket })).rejects.toMatchObject({
    name: 'NotImplemented',
  });
  await expect(s3.listObjects({ Bucket })).rejects.toMatchObject({ name: 'NotImplemented' });
});
