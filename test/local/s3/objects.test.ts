/** PutObject, GetObject, HeadObject and DeleteObject over the wire. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startS3 } from './s3-server.ts';
import type { S3Server } from './s3-server.ts';

const Bucket = 'objects';
let server: S3Server;
let s3: S3Client;

beforeAll(async () => {
  server = await startS3();
  s3 = server.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => server[Symbol.asyncDispose]());

test.each([0, 1, 65_536, 65_537, 3_000_001])(
  'an object of %i bytes comes back byte for byte',
  async (size) => {
    const body = randomBytes(size);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'sized', Body: body }));
    const { Body, ContentLength } = await s3.send(new GetObjectCommand({ Bucket, Key: 'sized' }));
    expect(ContentLength).toBe(size);
    expect(body.equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
  },
);

test('a streamed object, sent as aws-chunked with a trailer, comes back byte for byte', async () => {
  const body = randomBytes(300_000);
  const pieces = [body.subarray(0, 100_000), body.subarray(100_000, 200_000), body.subarray(200_000)];
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'streamed',
      Body: Readable.from(pieces),
      ContentLength: body.length,
      ContentEncoding: 'gzip',
    }),
  );
  const { Body, ContentEncoding } = await s3.send(new GetObjectCommand({ Bucket, Key: 'streamed' }));
  expect(ContentEncoding).toBe('gzip');
  expect(body.equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
});

test('a missing key is NoSuchKey to GET and a bare 404 to HEAD', async () => {
  await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'missing' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
  });
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'missing' }))).rejects.toMatchObject({
    name: 'NotFound',
    $metadata: { httpStatusCode: 404 },
  });
});

test('a deleted object is gone, and deleting it again succeeds', async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
  await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'gone' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
  });
});
