/** The headers of an object, from an upload to what is restored of it, as bytes on the wire of both. */
import type { S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { carryHeaders } from '../../shared/aws/s3-stored-headers.ts';
import { s3Destinations } from '../../shared/aws/s3-destinations.ts';
import { s3Sources } from '../../shared/aws/s3-sources.ts';
import type { SourceVersion } from '../../shared/object/source-version.ts';
import { decodeSealedPart, encodeSealedPart } from '../../shared/manifest/manifest.ts';
import { ACCOUNT, newBucket, startS3, type S3Server } from '../local/s3/s3-server.ts';
import { EXPIRES, HEADERS } from '../support/header-cases.ts';
import { rawS3, storedHeaders } from '../support/raw-s3.ts';
import { clientOf } from '../support/s3-stand-in.ts';
import { NEVER } from '../support/world.ts';

const ONE_PART = 10;
const TWO_PARTS = 8 * 1_048_576 + 5;

let server: S3Server;
let s3: S3Client;
let bucket: string;

beforeAll(async () => {
  server = await startS3({ verifySignatures: true });
  s3 = clientOf(server.endpoint, ACCOUNT);
  bucket = await newBucket(server.client(), 'Enabled');
});
afterAll(async () => {
  s3.destroy();
  await server[Symbol.asyncDispose]();
});

/** Returns the answers of S3 about the upload and about the object that was restored with its attributes. */
async function restored(headers: Readonly<Record<string, string>>, sizeBytes: number) {
  const target = { endpoint: server.endpoint, accessKeyId: ACCOUNT };
  const put = await rawS3(target, {
    method: 'PUT',
    path: `/${bucket}/source`,
    headers,
    body: Buffer.from('x'),
  });
  expect([put.status, put.body.toString()]).toEqual([200, '']);
  const versionId = put.headers['x-amz-version-id'] ?? '';
  const source: SourceVersion = { bucket, key: 'source', versionId, sequencer: '0A', uploadedAt: '' };
  const { attributes } = await s3Sources(s3).describe(source);
  async function* content(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(randomBytes(sizeBytes));
  }
  await s3Destinations(s3).write(
    { destination: { bucket, key: 'restored' }, attributes, sizeBytes, content: content() },
    NEVER,
  );
  const [before, after] = await Promise.all([
    rawS3(target, { method: 'HEAD', path: `/${bucket}/source` }),
    rawS3(target, { method: 'HEAD', path: `/${bucket}/restored` }),
  ]);
  return { before: storedHeaders(before), after: storedHeaders(after) };
}

describe.each([
  ['in one part', ONE_PART],
  ['in two parts', TWO_PARTS],
])('an object restored %s', (_what, sizeBytes) => {
  test('has every header of its upload, byte for byte, and S3 takes the signature', async () => {
    const { before, after } = await restored(HEADERS, sizeBytes);
    expect(before).toEqual(HEADERS);
    expect(after).toEqual(HEADERS);
  });
});

test.each(EXPIRES)('an Expires of %j comes back as it was sent', async (expires) => {
  const { after } = await restored({ expires }, ONE_PART);
  expect(after).toMatchObject({ expires });
});

test('an upload with a bad Expires is read', async () => {
  const target = { endpoint: server.endpoint, accessKeyId: ACCOUNT };
  const put = await rawS3(target, {
    method: 'PUT',
    path: `/${bucket}/read`,
    headers: { expires: '' },
    body: Buffer.from('content'),
  });
  const source = {
    bucket,
    key: 'read',
    versionId: put.headers['x-amz-version-id'] ?? '',
    sequencer: '0A',
    uploadedAt: '',
  };
  const { content } = await s3Sources(s3).readWhole({ source, sizeBytes: 7 }, NEVER);
  const pieces = await Array.fromAsync(content);
  expect(Buffer.concat(pieces).toString()).toBe('content');
});

test('user metadata that is no UTF-8, which S3 itself never answers, is sent as S3 would answer it', async () => {
  const { after } = await restored({ 'x-amz-meta-latin': 'd\u00e9' }, ONE_PART);
  const word = Buffer.from('d\u00e9').toString('base64');
  expect(after).toMatchObject({ 'x-amz-meta-latin': `=?UTF-8?B?${word}?=` });
});

test('a client may be taught twice', async () => {
  carryHeaders(s3);
  const { after } = await restored(HEADERS, ONE_PART);
  expect(after).toEqual(HEADERS);
});

test('the sealed part keeps user metadata of any name', () => {
  const metadata = Object.fromEntries([
    ['__proto__', 'v'],
    ['constructor', 'w'],
  ]);
  const clear = {
    format: 'sealstream/1',
    tenantId: 'acme',
    objectId: 'a'.repeat(64),
    sizeBytes: 0,
    chunkBytes: 65_536,
    chunkCount: 1,
    kekArn: 'arn',
    epoch: 1,
    sourceVersionId: 'v',
    sequencer: '',
    sealedAt: '2026-01-01T00:00:00.000Z',
  } as never;
  const part = { clear, key: 'k', attributes: { metadata, tags: metadata }, checksums: [] };
  const { attributes } = decodeSealedPart(encodeSealedPart(part), clear, 'k');
  expect(Object.entries(attributes.metadata)).toEqual(Object.entries(metadata));
  expect(Object.entries(attributes.tags)).toEqual(Object.entries(metadata));
});
