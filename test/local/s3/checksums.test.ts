/**
 * Digests of bodies. Each is verified, kept and answered, and each wrong one is refused, in every form that a body
 * can have.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCOUNT, newBucket, s3Target, type S3Target } from './s3-server.ts';

let target: S3Target;
let s3: S3;
let Bucket: string;

beforeAll(async () => {
  target = await s3Target();
  s3 = target.client();
  Bucket = await newBucket(s3);
});
afterAll(async () => target[Symbol.asyncDispose]());

/** The checksums of `123456789`, which are the check values of the algorithms. */
const CHECK = [
  ['CRC32', 'y/Q5Jg=='],
  ['CRC32C', '4waSgw=='],
  ['CRC64NVME', 'rosUhgp5mIg='],
  ['SHA1', createHash('sha1').update('123456789').digest('base64')],
  ['SHA256', createHash('sha256').update('123456789').digest('base64')],
] as const;

describe.each(CHECK)('%s', (algorithm, value) => {
  const member = `Checksum${algorithm}` as const;

  test('is computed by the client, verified, echoed, kept and told on request', async () => {
    const Key = `told-${algorithm}`;
    const put = await s3.putObject({ Bucket, Key, Body: '123456789', ChecksumAlgorithm: algorithm });
    expect([put[member], put.ChecksumType]).toEqual([value, 'FULL_OBJECT']);
    const head = await s3.headObject({ Bucket, Key, ChecksumMode: 'ENABLED' });
    expect([head[member], head.ChecksumType]).toEqual([value, 'FULL_OBJECT']);
    expect(await (await s3.getObject({ Bucket, Key })).Body?.transformToString()).toBe('123456789');
  });

  test('travels as a trailer of a stream', async () => {
    const Key = `trailer-${algorithm}`;
    const streamed = { Bucket, Key, Body: Readable.from([Buffer.from('123456789')]), ContentLength: 9 };
    const put = await s3.putObject({ ...streamed, ChecksumAlgorithm: algorithm });
    expect(put[member]).toBe(value);
  });

  test('is refused when it is wrong, and nothing is stored', async () => {
    const Key = `wrong-${algorithm}`;
    const wrong = { Bucket, Key, Body: '123456780', [member]: value };
    await expect(s3.putObject(wrong)).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(s3.headObject({ Bucket, Key })).rejects.toMatchObject({ name: 'NotFound' });
  });

  test('is refused when it is no value of its kind', async () => {
    const malformed = { Bucket, Key: 'malformed', Body: 'x', [member]: 'AAA=' };
    await expect(s3.putObject(malformed)).rejects.toMatchObject({ name: 'InvalidRequest' });
  });
});

test('S3 computes CRC64NVME by itself when a client sends none', async () => {
  const silent = target.client(ACCOUNT, { requestChecksumCalculation: 'WHEN_REQUIRED' });
  const put = await silent.putObject({ Bucket, Key: 'default', Body: '123456789' });
  expect(put.ChecksumCRC64NVME).toBe('rosUhgp5mIg=');
});

test('a wrong Content-MD5 is BadDigest, one that is none InvalidDigest', async () => {
  await expect(putWithMd5(createHash('md5').update('y').digest('base64'))).rejects.toMatchObject({
    name: 'BadDigest',
  });
  await expect(putWithMd5('AAAA')).rejects.toMatchObject({ name: 'InvalidDigest' });
  await putWithMd5(createHash('md5').update('x').digest('base64'));
});

describe('bodies as they travel', () => {
  const signature = `;chunk-signature=${'0'.repeat(64)}`;
  const big = randomBytes(8192).toString('latin1');
  const crc = { 'x-amz-trailer': 'x-amz-checksum-crc32' };

  test('unsigned chunks with a trailer, cut at every byte, decode to the same object', async () => {
    const encoded = '9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n';
    const headers = { ...streaming('STREAMING-UNSIGNED-PAYLOAD-TRAILER', 9), ...crc };
    expect(await putRaw('cut', headers, encoded.split(''))).toMatchObject({ status: 200 });
    expect(await (await s3.getObject({ Bucket, Key: 'cut' })).Body?.transformToString()).toBe('123456789');
  });

  test('signed chunks, with and without a signed trailer, decode', async () => {
    const chunks = `2000${signature}\r\n${big}\r\n9${signature}\r\n123456789\r\n0${signature}\r\n`;
    const plain = streaming('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 8201);
    expect(await putRaw('signed', plain, [`${chunks}\r\n`])).toMatchObject({ status: 200 });
    const trailer = `x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:${'0'.repeat(64)}\r\n\r\n`;
    const trailing = { ...streaming('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 8201), ...crc };
    expect(await putRaw('trailing', trailing, [chunks + trailer])).toMatchObject({ code: 'BadDigest' });
    const stored = await (await s3.getObject({ Bucket, Key: 'signed' })).Body?.transformToByteArray();
    expect(Buffer.from(stored ?? []).toString('latin1')).toBe(`${big}123456789`);
  });

  test.each([
    ['fewer bytes than announced', 10, '9\r\n123456789\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a chunk cut short', 9, '9\r\n12345', 'IncompleteBody'],
    ['no chunk header', 9, '123456789', 'IncompleteBody'],
    ['a small chunk that is not the last', 4, '2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
  ])('%s is refused', async (_, decodedBytes, encoded, code) => {
    const headers = streaming('STREAMING-UNSIGNED-PAYLOAD-TRAILER', decodedBytes);
    expect(await putRaw('refused', headers, [encoded])).toMatchObject({ code });
    await expect(s3.headObject({ Bucket, Key: 'refused' })).rejects.toMatchObject({ name: 'NotFound' });
  });

  test('an announced trailer that does not come is refused', async () => {
    const headers = { ...streaming('STREAMING-UNSIGNED-PAYLOAD-TRAILER', 9), ...crc };
    const encoded = '9\r\n123456789\r\n0\r\n\r\n';
    expect(await putRaw('refused', headers, [encoded])).toMatchObject({ status: 400 });
  });

  test('a wrong content hash is XAmzContentSHA256Mismatch', async () => {
    const headers = { 'x-amz-content-sha256': createHash('sha256').update('y').digest('hex') };
    expect(await putRaw('hash', headers, ['x'])).toMatchObject({ code: 'XAmzContentSHA256Mismatch' });
  });

  test.each([
    { 'transfer-encoding': 'chunked' },
    { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
  ] as Record<string, string>[])(
    'a body of unannounced length, %o, is MissingContentLength',
    async (headers) => {
      expect(await putRaw('length', headers, ['x'])).toMatchObject({
        status: 411,
        code: 'MissingContentLength',
      });
    },
  );
});

async function putWithMd5(ContentMD5: string): Promise<unknown> {
  return s3.putObject({ Bucket, Key: 'md5', Body: 'x', ContentMD5 });
}

function streaming(payload: string, decodedBytes: number): Record<string, string> {
  return {
    'x-amz-content-sha256': payload,
    'x-amz-decoded-content-length': String(decodedBytes),
    'content-encoding': 'aws-chunked',
  };
}

/** PUTs the pieces as they are. Resolves to the status and the error's code. */
async function putRaw(
  key: string,
  headers: Record<string, string>,
  pieces: readonly string[],
): Promise<{ status?: number; code?: string }> {
  const scope = `${ACCOUNT}/20260101/us-east-1/s3/aws4_request`;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const sent = request(`${target.endpoint}/${Bucket}/${key}`, {
    method: 'PUT',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      ...(headers['transfer-encoding'] === undefined ? { 'content-length': String(length) } : {}),
      ...headers,
    },
  });
  const answered = new Promise<IncomingMessage>(
    (resolve, reject) => void sent.once('response', resolve).once('error', reject),
  );
  for (const piece of pieces) sent.write(piece, 'latin1');
  sent.end();
  const response = await answered;
  const body = await text(response);
  return { status: response.statusCode, code: /<Code>(\w+)<\/Code>/.exec(body)?.[1] };
}
