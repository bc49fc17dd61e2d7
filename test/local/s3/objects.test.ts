/** Objects over the wire: bytes, headers, keys, ranges and conditions on reads. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newBucket, s3Target, type S3Target } from './s3-server.ts';

let target: S3Target;
let s3: S3;
let Bucket: string;

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
  Bucket = await newBucket(s3);
});
afterAll(async () => target[Symbol.asyncDispose]());

async function read(Key: string, Range?: string): Promise<Buffer> {
  const { Body } = await s3.getObject({ Bucket, Key, Range });
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

test.each([0, 1, 65_536, 65_537, 3_000_001])(
  'an object of %i bytes comes back byte for byte',
  async (size) => {
    const body = randomBytes(size);
    await s3.putObject({ Bucket, Key: 'sized', Body: body });
    expect((await s3.headObject({ Bucket, Key: 'sized' })).ContentLength).toBe(size);
    expect((await read('sized')).equals(body)).toBe(true);
  },
);

test('a streamed object, sent as aws-chunked with a trailer, keeps its own content encoding alone', async () => {
  const body = randomBytes(300_000);
  const pieces = [body.subarray(0, 100_000), body.subarray(100_000, 200_000), body.subarray(200_000)];
  const request = { Bucket, Key: 'streamed', ContentLength: body.length, ContentEncoding: 'gzip' };
  await s3.putObject({ ...request, Body: Readable.from(pieces) });
  expect((await s3.headObject({ Bucket, Key: 'streamed' })).ContentEncoding).toBe('gzip');
  expect((await read('streamed')).equals(body)).toBe(true);
});

test('content headers and user metadata are kept, bytes beyond ASCII included', async () => {
  const sent = {
    ContentType: 'text/plain; charset=utf-8',
    CacheControl: 'max-age=60',
    ContentDisposition: 'attachment; filename="a b.txt"',
    ContentLanguage: 'de',
    Metadata: { author: 'Jos\u00e9', empty: '', 'two-words': 'a  b' },
  };
  await s3.putObject({ Bucket, Key: 'described', Body: Buffer.from('x'), Expires: new Date(1e12), ...sent });
  const found = await s3.headObject({ Bucket, Key: 'described' });
  expect(found).toMatchObject(sent);
  expect(found.ExpiresString).toBe(new Date(1e12).toUTCString());
  expect(found.ServerSideEncryption).toBe('AES256');
});

describe('keys', () => {
  const keys = [
    'a b+c%25.txt',
    'ü/ñ/日本.bin',
    '😀',
    '../../up',
    'a//b',
    '/leading',
    'trailing/',
    './dot/../x',
    "q?x=1&y#z!'()*~",
    'k'.repeat(1024),
    'line\nbreak',
  ];
  test.each(keys)('%j is stored under that very name', async (Key) => {
    await s3.putObject({ Bucket, Key, Body: Key });
    expect((await read(Key)).toString()).toBe(Key);
    const { Contents } = await s3.listObjectsV2({ Bucket, Prefix: Key });
    expect(Contents?.map((item) => item.Key)).toContain(Key);
    await s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key }] } });
    await expect(s3.getObject({ Bucket, Key })).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('a key of 1,025 bytes is too long', async () => {
    const Key = `${'k'.repeat(1023)}ü`;
    await expect(s3.putObject({ Bucket, Key, Body: 'x' })).rejects.toMatchObject({ name: 'KeyTooLongError' });
  });
});

describe('ranges', () => {
  const body = randomBytes(1000);
  beforeAll(async () => s3.putObject({ Bucket, Key: 'ranged', Body: body }));

  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=990-', 990, 1000],
    ['bytes=990-5000', 990, 1000],
    ['bytes=-1', 999, 1000],
    ['bytes=-5000', 0, 1000],
  ])('%s is answered in part', async (Range, begin, end) => {
    const found = await s3.getObject({ Bucket, Key: 'ranged', Range });
    expect(found.$metadata.httpStatusCode).toBe(206);
    expect(found.ContentRange).toBe(`bytes ${begin}-${end - 1}/1000`);
    const bytes = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(body.subarray(begin, end))).toBe(true);
  });

  test.each(['bytes=1000-', 'bytes=-0'])('%s, which holds no byte, is InvalidRange', async (Range) => {
    const refusal = { name: 'InvalidRange', $metadata: { httpStatusCode: 416 } };
    await expect(s3.getObject({ Bucket, Key: 'ranged', Range })).rejects.toMatchObject(refusal);
  });

  test('a range that cannot be read is answered with the whole object', async () => {
    const { $metadata, ContentLength, Body } = await s3.getObject({
      Bucket,
      Key: 'ranged',
      Range: 'bytes=5-2',
    });
    await Body?.transformToByteArray();
    expect([$metadata.httpStatusCode, ContentLength]).toEqual([200, 1000]);
  });
});

describe('conditions on reads', () => {
  const Key = 'conditional';
  const past = new Date(Date.now() - 3_600_000);
  const future = new Date(Date.now() + 3_600_000);
  let etag = '';
  beforeAll(async () => {
    etag = (await s3.putObject({ Bucket, Key, Body: 'x' })).ETag ?? '';
  });

  test('hold for the right etag and dates, If-Match outweighing If-Unmodified-Since', async () => {
    await s3.headObject({ Bucket, Key, IfMatch: etag, IfUnmodifiedSince: past });
    await s3.headObject({ Bucket, Key, IfNoneMatch: '"other"', IfModifiedSince: future });
    expect((await read(Key)).toString()).toBe('x');
  });

  test.each([{ IfMatch: '"other"' }, { IfUnmodifiedSince: past }])('%o answers 412', async (condition) => {
    const refusal = { name: 'PreconditionFailed' };
    await expect(s3.getObject({ Bucket, Key, ...condition })).rejects.toMatchObject(refusal);
  });

  test('an unchanged object answers 304', async () => {
    const refusal = { $metadata: { httpStatusCode: 304 } };
    await expect(s3.getObject({ Bucket, Key, IfNoneMatch: etag })).rejects.toMatchObject(refusal);
    await expect(s3.headObject({ Bucket, Key, IfModifiedSince: future })).rejects.toMatchObject(refusal);
  });
});

test('a missing key is NoSuchKey to GET and a bare 404 to HEAD', async () => {
  await expect(s3.getObject({ Bucket, Key: 'missing' })).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(s3.headObject({ Bucket, Key: 'missing' })).rejects.toMatchObject({ name: 'NotFound' });
});

test('deleting what is not there succeeds', async () => {
  expect((await s3.deleteObject({ Bucket, Key: 'missing' })).$metadata.httpStatusCode).toBe(204);
});

test('tags are kept, counted and replaced', async () => {
  const Key = 'tagged';
  await s3.putObject({ Bucket, Key, Body: 'x', Tagging: 'project=sea%20stream&level=1' });
  const { TagSet } = await s3.getObjectTagging({ Bucket, Key });
  expect(TagSet).toEqual([
    { Key: 'project', Value: 'sea stream' },
    { Key: 'level', Value: '1' },
  ]);
  expect((await s3.getObject({ Bucket, Key })).TagCount).toBe(2);
  await s3.putObjectTagging({ Bucket, Key, Tagging: { TagSet: [{ Key: 'only', Value: '' }] } });
  expect((await s3.getObjectTagging({ Bucket, Key })).TagSet).toEqual([{ Key: 'only', Value: '' }]);
  await s3.deleteObjectTagging({ Bucket, Key });
  expect((await s3.getObjectTagging({ Bucket, Key })).TagSet).toEqual([]);
});

test('eleven tags, or the same one twice, are refused', async () => {
  const Key = 'tagged';
  const eleven = Array.from({ length: 11 }, (_, index) => `t${index}=x`).join('&');
  await expect(s3.putObject({ Bucket, Key, Body: 'x', Tagging: eleven })).rejects.toMatchObject({
    name: 'BadRequest',
  });
  await expect(s3.putObject({ Bucket, Key, Body: 'x', Tagging: 'a=1&a=2' })).rejects.toMatchObject({
    name: 'InvalidTag',
  });
});
