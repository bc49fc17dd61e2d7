/**
 * Objects as their writers want them, through the deployed functions: headers that are bytes, sources that can never be
 * read, and what somebody who may only write to the vault can plant there. Headers are looked at over bare HTTP, and
 * the local S3 verifies signatures.
 */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ENCRYPT_ROLE,
  INGEST_BUCKET,
  ISV_ACCOUNT,
  RESTORE_BUCKET,
  VAULT_BUCKET,
} from '../../laptop/names.ts';
import type { Uploaded } from '../../laptop/client.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { chunkKey } from '../../shared/object/vault-key.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { CHUNK_BYTES, INLINE_BYTES } from '../support/chunk-bytes.ts';
import { EXPIRES, HEADERS } from '../support/header-cases.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { rawS3, type RawTarget, storedHeaders } from '../support/raw-s3.ts';

const ACME = tenantIdSchema.parse('acme');
const PLANTED_BYTES = 32 * 1_048_576;

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

function isv(): RawTarget {
  return { endpoint: pipeline.local.endpoint, accessKeyId: ISV_ACCOUNT };
}

/** Puts any object into the vault, with the role of `encrypt`. */
async function plant(Key: string, Body: Buffer): Promise<void> {
  const config = { ...pipeline.identity(`${ISV_ACCOUNT}.${ENCRYPT_ROLE}`), forcePathStyle: true };
  await new S3Client(config).send(new PutObjectCommand({ Bucket: VAULT_BUCKET, Key, Body }));
}

const CONTENT = Buffer.from('content');
/** The content of one chunk. */
const CHUNK_CONTENT = Buffer.alloc(INLINE_BYTES + 1, 'content');

async function sealed(
  key: string,
  headers: Readonly<Record<string, string>> = {},
  body = CONTENT,
): Promise<Uploaded> {
  const put = await rawS3(isv(), {
    method: 'PUT',
    path: `/${INGEST_BUCKET}/acme/${key}`,
    headers,
    body,
  });
  expect([put.status, put.body.toString()]).toEqual([200, '']);
  const versionId = put.headers['x-amz-version-id'] ?? '';
  const objectId = objectIdOf(INGEST_BUCKET, `acme/${key}`, versionId);
  const uploaded = { tenantId: ACME, key, versionId, objectId };
  await pipeline.sealed(uploaded);
  return uploaded;
}

async function restoredHeaders(key: string, body = CONTENT): Promise<Readonly<Record<string, string>>> {
  await pipeline.client.restore({ tenantId: 'acme', key });
  const restored = await rawS3(isv(), { method: 'GET', path: `/${RESTORE_BUCKET}/acme/${key}` });
  expect(restored.body.equals(body)).toBe(true);
  return storedHeaders(restored);
}

async function restoreFails(key: string, code: string, bucket = RESTORE_BUCKET): Promise<void> {
  const request = { tenantId: 'acme', key, destination: { bucket } };
  await expect(pipeline.client.restore(request)).rejects.toMatchObject({ code });
  expect(await pipeline.exists(RESTORE_BUCKET, `acme/${key}`)).toBe(false);
}

describe('the headers of an upload', () => {
  test('come back byte for byte, whatever their encoding and names', async () => {
    await sealed('headers', HEADERS);
    expect(await restoredHeaders('headers')).toEqual(HEADERS);
  });

  test('have each Expires as it was sent, a date or not', async () => {
    const restored = await Promise.all(
      EXPIRES.map(async (expires, index) => {
        await sealed(`expires-${index}`, { expires });
        return (await restoredHeaders(`expires-${index}`))['expires'];
      }),
    );
    expect(restored).toEqual(EXPIRES);
  });
});

describe('an upload in an archive', () => {
  test('is recorded once for all its jobs, and kept', async () => {
    const Key = 'acme/archived';
    const Body = randomBytes(2 * CHUNK_BYTES + 5);
    const archived = { Bucket: INGEST_BUCKET, Key, Body, StorageClass: 'GLACIER' as const };
    const { VersionId: versionId = '' } = await pipeline.s3.send(new PutObjectCommand(archived));
    const objectId = objectIdOf(INGEST_BUCKET, Key, versionId);
    expect(await pipeline.rejectionOf(objectId)).toMatchObject({
      code: 'ERR_SOURCE_UNREADABLE',
      functionName: 'encrypt',
      message: expect.stringMatching(/acme\/archived.*InvalidObjectState.*archived.*remove `unreadable`/u),
    });
    await pipeline.until(async () => (await pipeline.depth('chunks')) === 0);
    const records = (await pipeline.rejections()).filter(({ body }) => String(body).includes(objectId));
    expect(records).toHaveLength(1);
    expect(await pipeline.exists(INGEST_BUCKET, Key, versionId)).toBe(true);
    expect(await pipeline.depth('chunks-dlq')).toBe(0);
    const plan = await pipeline.planOf({ tenantId: ACME, key: 'archived', versionId, objectId });
    expect(plan).toMatchObject({ unreadable: { reason: records[0]?.['message'] } });
  });
});

describe('what is planted in the vault', () => {
  test('in the place of a manifest, too large to be one, is no manifest', async () => {
    await sealed('planted-manifest');
    await plant('acme/objects/planted-manifest', Buffer.alloc(PLANTED_BYTES, ' '));
    await restoreFails('planted-manifest', 'ERR_MANIFEST_INVALID');
  });

  test('in the place of a chunk, larger than the chunk can be, is refused', async () => {
    const { tenantId, objectId } = await sealed('planted-chunk', {}, CHUNK_CONTENT);
    const key = chunkKey(tenantId, objectId, 0);
    const chunk = await pipeline.read(VAULT_BUCKET, key);
    await plant(key, Buffer.concat([chunk, Buffer.alloc(PLANTED_BYTES)]));
    await restoreFails('planted-chunk', 'ERR_AUTHENTICATION_FAILED');
  });

  test('with an Expires that the SDK cannot read keeps no object from being restored', async () => {
    const { tenantId, objectId } = await sealed('planted-expires', {}, CHUNK_CONTENT);
    for (const key of ['acme/objects/planted-expires', chunkKey(tenantId, objectId, 0)]) {
      const body = await pipeline.read(VAULT_BUCKET, key);
      const planted = await rawS3(isv(), {
        method: 'PUT',
        path: `/${VAULT_BUCKET}/${key}`,
        headers: { expires: '' },
        body,
      });
      expect(planted.status).toBe(200);
    }
    expect(await restoredHeaders('planted-expires', CHUNK_CONTENT)).not.toHaveProperty('expires');
  });

  test('with an Expires that the SDK cannot read keeps no small object from being restored', async () => {
    await sealed('small-expires');
    const key = 'acme/objects/small-expires';
    const planted = await rawS3(isv(), {
      method: 'PUT',
      path: `/${VAULT_BUCKET}/${key}`,
      headers: { expires: '', 'x-amz-meta-sealstream': (await pipeline.clearPartOf(key)) ?? '' },
      body: await pipeline.read(VAULT_BUCKET, key),
    });
    expect(planted.status).toBe(200);
    expect(await restoredHeaders('small-expires')).not.toHaveProperty('expires');
  });

  test('in the place of a small object, without its clear part or with another one, is refused', async () => {
    await sealed('small-clear');
    const key = 'acme/objects/small-clear';
    const body = await pipeline.read(VAULT_BUCKET, key);
    await plant(key, body);
    await restoreFails('small-clear', 'ERR_MANIFEST_INVALID');
  });
});

describe('a bucket that is not there', () => {
  test('is a mistake, and neither an outage nor an unknown object', async () => {
    await sealed('no-bucket');
    await restoreFails('no-bucket', 'ERR_STORAGE_MISCONFIGURED', 'nobody-has-this-bucket');
  });
});
