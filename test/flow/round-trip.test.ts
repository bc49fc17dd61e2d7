import { HeadObjectCommand, GetObjectTaggingCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INGEST_BUCKET, RESTORE_BUCKET, VAULT_BUCKET } from '../../laptop/names.ts';
import { decodeManifest } from '../../shared/manifest/manifest.ts';
import { CHUNK_BYTES, INLINE_BYTES } from '../support/chunk-bytes.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

const SIZES = [
  0,
  1,
  INLINE_BYTES,
  INLINE_BYTES + 1,
  CHUNK_BYTES - 1,
  CHUNK_BYTES,
  CHUNK_BYTES + 1,
  2 * CHUNK_BYTES - 1,
  2 * CHUNK_BYTES,
  2 * CHUNK_BYTES + 1,
  333_333,
];

const KEYS = [
  'with spaces and+plus',
  'percent %25 100%',
  'über/größe.txt',
  'emoji 🦭🔒.bin',
  '../up/../and/./down',
  'double//slash',
  'trailing/slash/',
  '"quotes" & <angles>',
  'no XML \u0001\uFFFE\uFFFF',
  'x'.repeat(1024 - 'acme/'.length),
  'ü'.repeat((1024 - 'acme/'.length - 1) / 2),
];

describe('an uploaded object', () => {
  test.each(SIZES)('of %i bytes is sealed and restored byte for byte', async (bytes) => {
    const content = randomBytes(bytes);
    const uploaded = await pipeline.client.upload('acme', `sizes/${bytes}`, content);
    await pipeline.sealed(uploaded);
    const chunks = await pipeline.vaultKeys(`acme/chunks/${uploaded.objectId}/`);
    expect(chunks).toHaveLength(bytes <= INLINE_BYTES ? 0 : Math.ceil(bytes / CHUNK_BYTES));
    const keys = [...chunks, `acme/objects/sizes/${bytes}`];
    const stored = Buffer.concat(await Promise.all(keys.map((key) => pipeline.read(VAULT_BUCKET, key))));
    expect(stored.includes(bytes < 32 ? 'never there' : content.subarray(0, 32))).toBe(false);
    expect(await pipeline.restored('acme', `sizes/${bytes}`)).toEqual(content);
  });

  test.each(KEYS)('named %j is sealed and restored under its name', async (key) => {
    const content = randomBytes(100);
    await pipeline.sealed(await pipeline.client.upload('acme', key, content));
    const { key: restoredKey } = await pipeline.client.restore({ tenantId: 'acme', key });
    expect(restoredKey).toBe(key);
    expect(await pipeline.read(RESTORE_BUCKET, `acme/${key}`)).toEqual(content);
  });

  test('keeps its content type, headers, metadata and tags, and none of them in clear', async () => {
    const key = 'attributes.html';
    await pipeline.s3.send(
      new PutObjectCommand({
        Bucket: INGEST_BUCKET,
        Key: `globex/${key}`,
        Body: 'x',
        ContentType: 'text/html; charset=utf-8',
        CacheControl: 'max-age=60',
        ContentDisposition: 'attachment; filename="a b.html"',
        ContentEncoding: 'identity',
        ContentLanguage: 'de-CH',
        Expires: new Date('2030-01-02T03:04:05Z'),
        Metadata: { 'project-name': 'secret-project', empty: '' },
        Tagging: 'cost=a%20b&owner=%C3%BC',
      }),
    );
    await pipeline.until(async () => await pipeline.exists(VAULT_BUCKET, `globex/objects/${key}`));
    const vaultKey = `globex/objects/${key}`;
    expect((await pipeline.read(VAULT_BUCKET, vaultKey)).includes('secret-project')).toBe(false);
    expect(await pipeline.clearPartOf(vaultKey)).not.toContain('secret-project');
    await pipeline.client.restore({ tenantId: 'globex', key });
    const restored = { Bucket: RESTORE_BUCKET, Key: `globex/${key}` };
    const head = await pipeline.s3.send(new HeadObjectCommand(restored));
    expect(head).toMatchObject({
      ContentType: 'text/html; charset=utf-8',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="a b.html"',
      ContentEncoding: 'identity',
      ContentLanguage: 'de-CH',
      ExpiresString: 'Wed, 02 Jan 2030 03:04:05 GMT',
      Metadata: { 'project-name': 'secret-project', empty: '' },
    });
    const { TagSet } = await pipeline.s3.send(new GetObjectTaggingCommand(restored));
    expect(TagSet?.toSorted((a, b) => String(a.Key).localeCompare(String(b.Key)))).toEqual([
      { Key: 'cost', Value: 'a b' },
      { Key: 'owner', Value: 'ü' },
    ]);
  });

  test('goes where the request says', async () => {
    const content = randomBytes(1000);
    await pipeline.sealed(await pipeline.client.upload('acme', 'elsewhere', content));
    const destination = { bucket: RESTORE_BUCKET, key: 'acme/over/there' };
    await pipeline.client.restore({ tenantId: 'acme', key: 'elsewhere', destination });
    expect(await pipeline.read(RESTORE_BUCKET, 'acme/over/there')).toEqual(content);
  });

  test('that is small leaves a clear part that names its size and its KEK', async () => {
    const uploaded = await pipeline.client.upload('acme', 'small', randomBytes(5));
    await pipeline.sealed(uploaded);
    const clear: unknown = JSON.parse((await pipeline.clearPartOf('acme/objects/small')) ?? '');
    expect(clear).toMatchObject({
      format: 'sealstream/2',
      objectId: uploaded.objectId,
      sizeBytes: 5,
      kekArn: await pipeline.kekArn('acme'),
      sourceVersionId: uploaded.versionId,
    });
    expect(await pipeline.planOf(uploaded)).toBeUndefined();
  });

  test('leaves a manifest that names its geometry and its KEK', async () => {
    const uploaded = await pipeline.client.upload('acme', 'geometry', randomBytes(CHUNK_BYTES + 5));
    await pipeline.sealed(uploaded);
    const { clear } = decodeManifest(await pipeline.read(VAULT_BUCKET, 'acme/objects/geometry'));
    expect(clear).toMatchObject({
      tenantId: 'acme',
      objectId: uploaded.objectId,
      sizeBytes: CHUNK_BYTES + 5,
      chunkBytes: CHUNK_BYTES,
      chunkCount: 2,
      kekArn: await pipeline.kekArn('acme'),
      sourceVersionId: uploaded.versionId,
    });
  });
});
