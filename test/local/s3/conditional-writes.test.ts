/** The headers If-None-Match and If-Match on writes, checked before the body and, atomically, after it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBucket, s3Target, type S3Target } from './s3-server.ts';

let target: S3Target;
let s3: S3;
let Bucket: string;

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
  Bucket = await newBucket(s3, 'Enabled');
});
afterAll(async () => target[Symbol.asyncDispose]());

async function text(Key: string): Promise<string | undefined> {
  return (await s3.getObject({ Bucket, Key })).Body?.transformToString();
}

test('of 8 parallel If-None-Match writers exactly one wins, and its bytes are what is stored', async () => {
  for (let round = 0; round < 5; round++) {
    const Key = `race/${round}`;
    const bodies = Array.from({ length: 8 }, () => randomBytes(200_000));
    const outcomes = await Promise.allSettled(
      bodies.map(async (Body) => s3.putObject({ Bucket, Key, Body, IfNoneMatch: '*' })),
    );
    const winner = bodies.find((_, index) => outcomes[index]?.status === 'fulfilled');
    const losses = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [String(outcome.reason.name)] : [],
    );
    expect(losses).toEqual(Array.from({ length: 7 }, () => 'PreconditionFailed'));
    const stored = await (await s3.getObject({ Bucket, Key })).Body?.transformToByteArray();
    expect(winner?.equals(Buffer.from(stored ?? []))).toBe(true);
    const { Versions } = await s3.listObjectVersions({ Bucket, Prefix: Key });
    expect(Versions).toHaveLength(1);
  }
});

test('of 8 parallel If-Match writers exactly one wins', async () => {
  const Key = 'swap';
  const { ETag } = await s3.putObject({ Bucket, Key, Body: 'first' });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, async (_, index) =>
      s3.putObject({ Bucket, Key, Body: `next ${index}`, IfMatch: ETag }),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await s3.listObjectVersions({ Bucket, Prefix: Key })).Versions).toHaveLength(2);
});

test('If-None-Match refuses an existing key and takes one whose latest version is a delete marker', async () => {
  const Key = 'twice';
  await s3.putObject({ Bucket, Key, Body: 'old', IfNoneMatch: '*' });
  const again = { Bucket, Key, Body: 'new', IfNoneMatch: '*' };
  await expect(s3.putObject(again)).rejects.toMatchObject({ name: 'PreconditionFailed' });
  expect(await text(Key)).toBe('old');
  await s3.deleteObject({ Bucket, Key });
  await s3.putObject(again);
  expect(await text(Key)).toBe('new');
});

test('If-Match answers 404 for a key that holds nothing and 412 for another etag', async () => {
  const missing = { Bucket, Key: 'nothing', Body: 'x', IfMatch: '"d41d8cd98f00b204e9800998ecf8427e"' };
  await expect(s3.putObject(missing)).rejects.toMatchObject({ name: 'NoSuchKey' });
  await s3.putObject({ Bucket, Key: 'something', Body: 'x' });
  const other = s3.putObject({ ...missing, Key: 'something' });
  await expect(other).rejects.toMatchObject({ name: 'PreconditionFailed' });
});

test('an If-None-Match with an etag is NotImplemented', async () => {
  const write = s3.putObject({ Bucket, Key: 'etag', Body: 'x', IfNoneMatch: '"abc"' });
  await expect(write).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
});

/** Starts a conditional PUT whose body waits. Resolves when its first bytes have left. */
async function slowPut(Key: string): Promise<{ finish(): void; done: Promise<unknown> }> {
  const body = new PassThrough();
  const done = s3.putObject({ Bucket, Key, Body: body, ContentLength: 100_000, IfNoneMatch: '*' });
  done.catch(() => undefined);
  body.write(Buffer.alloc(50_000));
  await once(body, 'resume');
  return { done, finish: () => void body.end(Buffer.alloc(50_000)) };
}

test('a key that came to be while the body arrived refuses the write', async () => {
  const slow = await slowPut('overtaken');
  await s3.putObject({ Bucket, Key: 'overtaken', Body: 'faster' });
  slow.finish();
  await expect(slow.done).rejects.toMatchObject({ name: 'PreconditionFailed' });
  expect(await text('overtaken')).toBe('faster');
});

test('a delete of the key while the body arrived is a conflict that may be retried', async () => {
  const slow = await slowPut('contested');
  await s3.putObject({ Bucket, Key: 'contested', Body: 'short-lived' });
  await s3.deleteObject({ Bucket, Key: 'contested' });
  slow.finish();
  const refusal = { name: 'ConditionalRequestConflict', $metadata: { httpStatusCode: 409 } };
  await expect(slow.done).rejects.toMatchObject(refusal);
});

test('If-None-Match holds for a completed multipart upload', async () => {
  const Key = 'multipart';
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' });
  await s3.putObject({ Bucket, Key, Body: 'first' });
  const parts = { Bucket, Key, UploadId, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } };
  const refused = s3.completeMultipartUpload({ ...parts, IfNoneMatch: '*' });
  await expect(refused).rejects.toMatchObject({ name: 'PreconditionFailed' });
  const first = await s3.headObject({ Bucket, Key });
  await s3.completeMultipartUpload({ ...parts, IfMatch: first.ETag });
  expect(await text(Key)).toBe('part');
});
