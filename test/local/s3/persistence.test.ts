/** The data on disk: it survives a restart, and what nothing names any longer is removed. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { Readable } from 'node:stream';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { newBucket, type S3Server, startS3 } from './s3-server.ts';

async function bodies({ dataDir }: S3Server): Promise<number> {
  const entries = await readdir(join(dataDir, 'bodies'), { recursive: true, withFileTypes: true });
  using index = new DatabaseSync(join(dataDir, 'index.sqlite'), { readOnly: true });
  const rows = Number(index.prepare('SELECT count(*) AS bodies FROM bodies').get()?.['bodies']);
  return rows + entries.filter((entry) => entry.isFile()).length;
}

/** Waits for that number of bodies. Removal follows the answer within a few turns of the event loop. */
async function bodyCount(server: S3Server, count: number): Promise<number> {
  let found = await bodies(server);
  for (let turn = 0; turn < 200 && found !== count; turn++) {
    await setImmediate();
    found = await bodies(server);
  }
  return found;
}

/** A body that is a row of the index, and one that is a file. */
const SMALL = Buffer.alloc(16_384, 's');
const LARGE = Buffer.alloc(100_000, 'l');

test('objects, versions, tags, policies and uploads under way survive a restart', async () => {
  await using server = await startS3();
  const s3 = server.client();
  const Bucket = await newBucket(s3, 'Enabled');
  const body = randomBytes(100_000);
  const first = await s3.putObject({ Bucket, Key: 'k', Body: body, Metadata: { a: 'b' }, Tagging: 't=1' });
  await s3.putObject({ Bucket, Key: 'k', Body: 'newer' });
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'm' });
  const { ETag } = await s3.uploadPart({ Bucket, Key: 'm', UploadId, PartNumber: 1, Body: body });
  await server.restart();
  const found = await s3.getObject({ Bucket, Key: 'k', VersionId: first.VersionId });
  expect([found.Metadata, found.TagCount, found.ETag]).toEqual([{ a: 'b' }, 1, first.ETag]);
  expect(Buffer.from((await found.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  await s3.completeMultipartUpload({ Bucket, Key: 'm', UploadId, MultipartUpload });
  expect((await s3.headObject({ Bucket, Key: 'm' })).ContentLength).toBe(body.length);
});

test.each([
  ['small', SMALL],
  ['large', LARGE],
])('a %s body goes with the last object that has it', async (_size, Body) => {
  await using server = await startS3();
  const s3 = server.client();
  const Bucket = await newBucket(s3);
  const read = async (Key: string, Range?: string): Promise<Buffer> => {
    const answer = await s3.getObject({ Bucket, Key, Range });
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  };
  await s3.putObject({ Bucket, Key: 'one', Body });
  await s3.copyObject({ Bucket, Key: 'two', CopySource: `${Bucket}/one` });
  expect(await bodyCount(server, 1)).toBe(1);
  await s3.deleteObject({ Bucket, Key: 'one' });
  await server.restart();
  expect((await read('two')).equals(Body)).toBe(true);
  expect((await read('two', 'bytes=10-15')).equals(Body.subarray(10, 16))).toBe(true);
  await s3.putObject({ Bucket, Key: 'two', Body: 'y' });
  expect(await bodyCount(server, 1)).toBe(1);
  await s3.deleteObject({ Bucket, Key: 'two' });
  expect(await bodyCount(server, 0)).toBe(0);
});

test.each([
  ['small', SMALL],
  ['large', LARGE],
])('refused writes and aborted uploads leave no %s body', async (_size, Body) => {
  await using server = await startS3();
  const s3 = server.client();
  const Bucket = await newBucket(s3);
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'm' });
  await s3.uploadPart({ Bucket, Key: 'm', UploadId, PartNumber: 1, Body });
  await s3.abortMultipartUpload({ Bucket, Key: 'm', UploadId });
  await s3.putObject({ Bucket, Key: 'wrong', Body, ChecksumCRC32: 'AAAAAA==' }).catch(() => undefined);
  const writes = Array.from({ length: 8 }, async () =>
    s3.putObject({ Bucket, Key: 'k', Body, IfNoneMatch: '*' }),
  );
  await Promise.allSettled(writes);
  expect(await bodyCount(server, 1)).toBe(1);
});

test('a reader keeps its object, later parts included, although it is deleted meanwhile', async () => {
  await using server = await startS3();
  const s3 = server.client();
  const Bucket = await newBucket(s3);
  const Key = 'k';
  // The part is larger than the sockets' buffers together, so that its end is not read before the delete.
  const part = randomBytes(12_000_000);
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
  const Parts: CompletedPart[] = [];
  for (const PartNumber of [1, 2, 3]) {
    const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber, Body: part });
    Parts.push({ ETag, PartNumber });
  }
  await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  const { Body } = await s3.getObject({ Bucket, Key });
  await s3.deleteObject({ Bucket, Key });
  const read = Buffer.from((await Body?.transformToByteArray()) ?? []);
  expect(read.equals(Buffer.concat([part, part, part]))).toBe(true);
  expect(await bodyCount(server, 0)).toBe(0);
});

test('what a killed process left half written is swept at the next start', async () => {
  await using server = await startS3();
  const s3 = server.client();
  const Bucket = await newBucket(s3);
  for (const [Key, Body] of Object.entries({ small: SMALL, large: LARGE }))
    await s3.putObject({ Bucket, Key, Body });
  const [shard = ''] = await readdir(join(server.dataDir, 'bodies'));
  await writeFile(join(server.dataDir, 'bodies', shard, `${shard}-half`), 'half');
  {
    using index = new DatabaseSync(join(server.dataDir, 'index.sqlite'));
    index.exec("INSERT INTO bodies (content) VALUES (x'68616c66')");
  }
  expect(await bodies(server)).toBe(4);
  await server.restart();
  expect(await bodies(server)).toBe(2);
  for (const [Key, body] of Object.entries({ small: SMALL, large: LARGE }))
    expect(await (await s3.getObject({ Bucket, Key })).Body?.transformToString()).toBe(body.toString());
});

test('an upload whose client hangs up leaves nothing', async () => {
  await using server = await startS3();
  const s3 = server.client();
  const Bucket = await newBucket(s3);
  const body = Readable.from([LARGE]);
  const hangUp = new AbortController();
  const put = s3.putObject(
    { Bucket, Key: 'k', Body: body, ContentLength: 200_000 },
    { abortSignal: hangUp.signal },
  );
  put.catch(() => undefined);
  await once(body, 'end');
  hangUp.abort();
  await expect(put).rejects.toThrow(/./);
  expect(await bodyCount(server, 0)).toBe(0);
});
