/** Multipart uploads: parts, completion, checksums of the whole, what is refused. */
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ChecksumType, CompletedPart, S3 } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChecksumAlgorithm, createDigest } from '../../../local/s3/checksum.ts';
import { ACCOUNT, newBucket, s3Target, type S3Target } from './s3-server.ts';

const MIN_PART_BYTES = 5 * 1024 * 1024;
const bodies = [randomBytes(MIN_PART_BYTES), randomBytes(MIN_PART_BYTES + 3), randomBytes(17)];
const whole = Buffer.concat(bodies);
const Key = 'large/object.bin';

let target: S3Target;
let s3: S3;
let Bucket: string;

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
  Bucket = await newBucket(s3);
});
afterAll(async () => target[Symbol.asyncDispose]());

interface Uploaded {
  readonly UploadId: string | undefined;
  readonly Parts: CompletedPart[];
}

async function upload(algorithm: ChecksumAlgorithm, type: ChecksumType): Promise<Uploaded> {
  const { UploadId } = await s3.createMultipartUpload({
    Bucket,
    Key,
    ChecksumAlgorithm: algorithm,
    ChecksumType: type,
  });
  const Parts: CompletedPart[] = [];
  for (const [index, Body] of bodies.entries()) {
    const part = { PartNumber: index + 1 };
    const { $metadata: _, ...sent } = await s3.uploadPart({
      Bucket,
      Key,
      UploadId,
      ...part,
      Body,
      ChecksumAlgorithm: algorithm,
    });
    Parts.push({ ...part, ...sent });
  }
  return { UploadId, Parts };
}

async function read(Range?: string): Promise<Buffer> {
  const { Body } = await s3.getObject({ Bucket, Key, Range });
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function digest(algorithm: ChecksumAlgorithm, ...pieces: readonly Buffer[]): Buffer {
  const computed = createDigest(algorithm);
  for (const piece of pieces) computed.update(piece);
  return computed.digest();
}

test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
  '%s over the full object is told from its parts',
  async (algorithm) => {
    const { UploadId, Parts } = await upload(algorithm, 'FULL_OBJECT');
    const done = await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
    expect([done[`Checksum${algorithm}`], done.ChecksumType]).toEqual([
      digest(algorithm, whole).toString('base64'),
      'FULL_OBJECT',
    ]);
    expect((await read()).equals(whole)).toBe(true);
  },
);

test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
  'a composite %s is over those of the parts',
  async (algorithm) => {
    const { UploadId, Parts } = await upload(algorithm, 'COMPOSITE');
    const done = await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
    const ofParts = digest(algorithm, ...bodies.map((body) => digest(algorithm, body)));
    expect([done[`Checksum${algorithm}`], done.ChecksumType]).toEqual([
      `${ofParts.toString('base64')}-3`,
      'COMPOSITE',
    ]);
    const md5s = bodies.map((body) => createHash('md5').update(body).digest());
    expect(done.ETag).toBe(`"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3"`);
  },
);

test('ranges are read across the parts', async () => {
  const { UploadId, Parts } = await upload('CRC32', 'FULL_OBJECT');
  await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  const edge = MIN_PART_BYTES;
  for (const [begin, end] of [
    [edge - 1, edge + 1],
    [edge, edge + 1],
    [0, edge],
    [edge - 5, whole.length - 1],
    [whole.length - 18, whole.length],
  ] as const)
    expect((await read(`bytes=${begin}-${end - 1}`)).equals(whole.subarray(begin, end))).toBe(true);
});

test('lib-storage uploads a stream in parts, with its metadata and tags', async () => {
  const params = {
    Bucket,
    Key: 'streamed',
    Body: Readable.from(bodies),
    ContentType: 'text/plain',
    Metadata: { a: 'b' },
  };
  await new Upload({ client: s3, params, tags: [{ Key: 't', Value: '1' }], queueSize: 2 }).done();
  const found = await s3.getObject({ Bucket, Key: 'streamed' });
  expect(found).toMatchObject({
    ContentType: 'text/plain',
    Metadata: { a: 'b' },
    ContentLength: whole.length,
  });
  expect(Buffer.from((await found.Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true);
  expect((await s3.getObjectTagging({ Bucket, Key: 'streamed' })).TagSet).toEqual([{ Key: 't', Value: '1' }]);
});

test('parts and uploads are listed page by page until the upload ends', async () => {
  const { UploadId } = await upload('CRC32', 'COMPOSITE');
  const first = await s3.listParts({ Bucket, Key, UploadId, MaxParts: 2 });
  expect([first.Parts?.length, first.IsTruncated, first.NextPartNumberMarker]).toEqual([2, true, '2']);
  const rest = await s3.listParts({ Bucket, Key, UploadId, PartNumberMarker: first.NextPartNumberMarker });
  expect(rest.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([[3, 17]]);
  const other = await s3.createMultipartUpload({ Bucket, Key });
  const page = await s3.listMultipartUploads({ Bucket, MaxUploads: 1 });
  const next = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  const second = await s3.listMultipartUploads({ Bucket, ...next });
  expect([...(page.Uploads ?? []), ...(second.Uploads ?? [])].map((found) => found.UploadId)).toEqual([
    UploadId,
    other.UploadId,
  ]);
  for (const id of [UploadId, other.UploadId]) await s3.abortMultipartUpload({ Bucket, Key, UploadId: id });
  expect((await s3.listMultipartUploads({ Bucket })).Uploads).toBeUndefined();
  await expect(s3.listParts({ Bucket, Key, UploadId })).rejects.toMatchObject({ name: 'NoSuchUpload' });
});

test('a part uploaded again replaces the one before', async () => {
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const part = { Bucket, Key, UploadId, PartNumber: 1 };
  await s3.uploadPart({ ...part, Body: 'first' });
  const { ETag } = await s3.uploadPart({ ...part, Body: 'second' });
  await s3.completeMultipartUpload({
    Bucket,
    Key,
    UploadId,
    MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] },
  });
  expect((await read()).toString()).toBe('second');
});

test('an upload is not completed by the wrong parts', async () => {
  const { UploadId, Parts } = await upload('CRC32', 'COMPOSITE');
  const complete = async (parts: CompletedPart[]): Promise<unknown> =>
    s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } });
  const [one = {}, two = {}, three = {}] = Parts;
  await expect(complete([two, one])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
  await expect(complete([{ ...one, ETag: '"0"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
  await expect(complete([{ ...one, PartNumber: 9 }])).rejects.toMatchObject({ name: 'InvalidPart' });
  await expect(complete([{ ...one, ChecksumCRC32: 'AAAAAA==' }])).rejects.toMatchObject({
    name: 'InvalidPart',
  });
  await expect(complete([{ ETag: one.ETag, PartNumber: 1 }])).rejects.toMatchObject({
    name: 'InvalidRequest',
  });
  await expect(complete([three, { ...one, PartNumber: 4 }])).rejects.toMatchObject({ name: 'InvalidPart' });
  await complete([one, two, three]);
  await expect(complete([one, two, three])).rejects.toMatchObject({ name: 'NoSuchUpload' });
});

test('a part below 5 MiB that is not the last is EntityTooSmall', async () => {
  const silent = target.client(ACCOUNT, { requestChecksumCalculation: 'WHEN_REQUIRED' });
  const { UploadId } = await silent.createMultipartUpload({ Bucket, Key });
  const Parts: CompletedPart[] = [];
  for (const PartNumber of [1, 2]) {
    const { ETag } = await silent.uploadPart({ Bucket, Key, UploadId, PartNumber, Body: 'small' });
    Parts.push({ ETag, PartNumber });
  }
  const refused = silent.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  await expect(refused).rejects.toMatchObject({ name: 'EntityTooSmall' });
});

test('an upload that names its checksum takes no part with another', async () => {
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key, ChecksumAlgorithm: 'SHA256' });
  const refused = s3.uploadPart({
    Bucket,
    Key,
    UploadId,
    PartNumber: 1,
    Body: 'x',
    ChecksumAlgorithm: 'CRC32',
  });
  await expect(refused).rejects.toMatchObject({ name: 'InvalidRequest' });
  const impossible = s3.createMultipartUpload({
    Bucket,
    Key,
    ChecksumAlgorithm: 'SHA256',
    ChecksumType: 'FULL_OBJECT',
  });
  await expect(impossible).rejects.toMatchObject({ name: 'InvalidRequest' });
});

test('parts copied from ranges of another object make up the new one', async () => {
  await s3.putObject({ Bucket, Key: 'source', Body: whole });
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const copy = { Bucket, Key, UploadId, CopySource: `${Bucket}/source` };
  const Parts: CompletedPart[] = [];
  for (const [index, range] of [`bytes=1-${MIN_PART_BYTES}`, `bytes=0-0`].entries()) {
    const part = { PartNumber: index + 1 };
    const { CopyPartResult } = await s3.uploadPartCopy({ ...copy, ...part, CopySourceRange: range });
    Parts.push({ ...part, ETag: CopyPartResult?.ETag });
  }
  await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  expect(
    (await read()).equals(Buffer.concat([whole.subarray(1, MIN_PART_BYTES + 1), whole.subarray(0, 1)])),
  ).toBe(true);
});
