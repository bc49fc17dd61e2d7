/** CopyObject. */
import { randomBytes } from 'node:crypto';
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBucket, s3Target, type S3Target } from './s3-server.ts';

let target: S3Target;
let s3: S3;
let Bucket: string;
const body = randomBytes(100_000);
const odd = 'a b+ü/😀?x=1.bin';

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
  Bucket = await newBucket(s3, 'Enabled');
  await s3.putObject({
    Bucket,
    Key: odd,
    Body: body,
    ContentType: 'text/plain',
    Metadata: { a: 'b' },
    Tagging: 't=1',
  });
});
afterAll(async () => target[Symbol.asyncDispose]());

const source = (key: string): string => `${Bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;

test('a copy has the bytes, headers, metadata, tags and etag of its source, and outlives it', async () => {
  await s3.putObject({ Bucket, Key: 'short-lived', Body: body, Metadata: { a: 'b' }, Tagging: 't=1' });
  const { VersionId, ETag } = await s3.headObject({ Bucket, Key: 'short-lived' });
  const copy = await s3.copyObject({ Bucket, Key: 'copy', CopySource: source('short-lived') });
  expect([copy.CopyObjectResult?.ETag, copy.CopySourceVersionId]).toEqual([ETag, VersionId]);
  await s3.deleteObject({ Bucket, Key: 'short-lived', VersionId });
  const found = await s3.getObject({ Bucket, Key: 'copy' });
  expect([found.Metadata, found.TagCount]).toEqual([{ a: 'b' }, 1]);
  expect(Buffer.from((await found.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
});

test('REPLACE takes metadata and tags from the request', async () => {
  const replace = { MetadataDirective: 'REPLACE', TaggingDirective: 'REPLACE' } as const;
  await s3.copyObject({
    Bucket,
    Key: 'other',
    CopySource: source(odd),
    ...replace,
    Metadata: { c: 'd' },
    Tagging: 'u=2',
  });
  const found = await s3.headObject({ Bucket, Key: 'other' });
  expect(found.Metadata).toEqual({ c: 'd' });
  expect((await s3.getObjectTagging({ Bucket, Key: 'other' })).TagSet).toEqual([{ Key: 'u', Value: '2' }]);
});

test('an old version is copied by its id, a delete marker is not', async () => {
  const { VersionId } = await s3.putObject({ Bucket, Key: 'old', Body: 'old' });
  const marker = await s3.deleteObject({ Bucket, Key: 'old' });
  await s3.copyObject({ Bucket, Key: 'revived', CopySource: `${source('old')}?versionId=${VersionId}` });
  expect(await (await s3.getObject({ Bucket, Key: 'revived' })).Body?.transformToString()).toBe('old');
  const latest = s3.copyObject({ Bucket, Key: 'revived', CopySource: source('old') });
  await expect(latest).rejects.toMatchObject({ name: 'NoSuchKey' });
  const byId = s3.copyObject({
    Bucket,
    Key: 'revived',
    CopySource: `${source('old')}?versionId=${marker.VersionId}`,
  });
  await expect(byId).rejects.toMatchObject({ name: 'InvalidRequest' });
});

test('an object copied onto itself must change', async () => {
  const onto = { Bucket, Key: odd, CopySource: source(odd) };
  await expect(s3.copyObject(onto)).rejects.toMatchObject({ name: 'InvalidRequest' });
  await s3.copyObject({ ...onto, MetadataDirective: 'REPLACE', Metadata: { changed: 'yes' } });
  expect((await s3.headObject({ Bucket, Key: odd })).Metadata).toEqual({ changed: 'yes' });
});

test('a condition on the source that does not hold is 412', async () => {
  const copy = { Bucket, Key: 'conditional', CopySource: source(odd) };
  const { ETag } = await s3.headObject({ Bucket, Key: odd });
  await expect(s3.copyObject({ ...copy, CopySourceIfMatch: '"0"' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
  await expect(s3.copyObject({ ...copy, CopySourceIfNoneMatch: ETag })).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
  await s3.copyObject({ ...copy, CopySourceIfMatch: ETag });
});

test('the copy of a multipart object is an object of one part', async () => {
  const Key = 'parts';
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' });
  await s3.completeMultipartUpload({
    Bucket,
    Key,
    UploadId,
    MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] },
  });
  const { CopyObjectResult } = await s3.copyObject({ Bucket, Key: 'whole', CopySource: source(Key) });
  expect(CopyObjectResult?.ETag).toBe(ETag);
  expect(CopyObjectResult?.ChecksumType).toBe('FULL_OBJECT');
});
