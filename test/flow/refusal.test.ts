import { CopyObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INGEST_BUCKET, RESTORE_BUCKET, VAULT_BUCKET } from '../../laptop/names.ts';
import type { Uploaded } from '../../laptop/client.ts';
import { chunkKey } from '../../shared/object/vault-key.ts';
import { CHUNK_BYTES } from '../support/chunk-bytes.ts';
import { arm } from '../support/armed-fault.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

async function stored(tenantId: string, key: string, bytes = 2 * CHUNK_BYTES + 5): Promise<Uploaded> {
  const uploaded = await pipeline.client.upload(tenantId, key, randomBytes(bytes));
  await pipeline.sealed(uploaded);
  return uploaded;
}

/** Copies over what is in the vault, as somebody who may write there could. */
async function overwrite(from: string, to: string): Promise<void> {
  const CopySource = `${VAULT_BUCKET}/${encodeURIComponent(from)}`;
  await pipeline.s3.send(new CopyObjectCommand({ Bucket: VAULT_BUCKET, Key: to, CopySource }));
}

async function restoreFails(tenantId: string, key: string, code: string): Promise<void> {
  await expect(pipeline.client.restore({ tenantId, key })).rejects.toMatchObject({ code });
  expect(await pipeline.exists(RESTORE_BUCKET, `${tenantId}/${key}`)).toBe(false);
}

describe('an event', () => {
  test('that is S3 testing the notification is acknowledged', async () => {
    await pipeline.send('uploads', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: INGEST_BUCKET });
    await pipeline.until(async () => (await pipeline.depth('uploads')) === 0);
    expect((await pipeline.rejections()).some(({ body }) => String(body).includes('TestEvent'))).toBe(false);
  });

  test.each([
    ['is not JSON', 'not json at all'],
    [
      'is of another service',
      JSON.stringify({ Records: [{ eventSource: 'aws:sns', marker: 'other-service' }] }),
    ],
    ['has no records', JSON.stringify({ marker: 'no-records' })],
  ])('that %s is recorded as ERR_EVENT_INVALID and acknowledged', async (_, body) => {
    await pipeline.send('uploads', body);
    expect(await pipeline.rejectionOf(body)).toMatchObject({
      code: 'ERR_EVENT_INVALID',
      functionName: 'ingest',
    });
    await pipeline.until(async () => (await pipeline.depth('uploads')) === 0);
    expect(await pipeline.depth('uploads-dlq')).toBe(0);
  });

  test.each([
    ['an unknown tenant', 'nobody/file.txt', 'ERR_TENANT_UNKNOWN'],
    ['no tenant', 'file-at-the-root.txt', 'ERR_TENANT_UNKNOWN'],
    ['a malformed tenant id', 'NOT_AN_ID/file.txt', 'ERR_TENANT_UNKNOWN'],
    ['no object', 'acme/', 'ERR_EVENT_INVALID'],
  ])('of an upload below %s is recorded, and the upload stays', async (_, Key, code) => {
    await pipeline.s3.send(new PutObjectCommand({ Bucket: INGEST_BUCKET, Key, Body: 'content' }));
    expect(await pipeline.rejectionOf(`"key":"${Key}"`)).toMatchObject({ code });
    expect(await pipeline.exists(INGEST_BUCKET, Key)).toBe(true);
  });
});

describe('a job', () => {
  test.each([
    ['is poison', 'poison {'],
    [
      'names no object of ours',
      JSON.stringify({ tenantId: 'acme', objectId: '0'.repeat(64), chunkIndex: 0 }),
    ],
    [
      'carries more than a job has',
      JSON.stringify({ tenantId: 'acme', objectId: '1'.repeat(64), chunkIndex: 0, to: 'x' }),
    ],
  ])('that %s is recorded as ERR_JOB_INVALID and acknowledged', async (_, body) => {
    await pipeline.send('chunks', body);
    expect(await pipeline.rejectionOf(body)).toMatchObject({
      code: 'ERR_JOB_INVALID',
      functionName: 'encrypt',
    });
    await pipeline.until(async () => (await pipeline.depth('chunks')) === 0);
    expect(await pipeline.depth('chunks-dlq')).toBe(0);
  });

  test("that names another tenant's object is refused, and writes nothing under either name", async () => {
    const uploaded = await stored('acme', 'mine');
    const job = { tenantId: 'globex', objectId: uploaded.objectId, chunkIndex: 0 };
    await pipeline.send('chunks', job);
    expect(await pipeline.rejectionOf(JSON.stringify(job))).toMatchObject({ code: 'ERR_JOB_INVALID' });
    expect(await pipeline.vaultKeys(`globex/chunks/${uploaded.objectId}`)).toEqual([]);
  });

  test('of a chunk the object does not have is refused', async () => {
    const { objectId } = await stored('acme', 'three-chunks');
    const job = { tenantId: 'acme', objectId, chunkIndex: 3 };
    await pipeline.send('chunks', job);
    expect(await pipeline.rejectionOf(JSON.stringify(job))).toMatchObject({ code: 'ERR_JOB_INVALID' });
  });

  test('whose source vanished after planning is recorded as ERR_SOURCE_CHANGED', async () => {
    await pipeline.fault({
      service: 's3',
      operation: 'GetObject',
      when: 'before',
      effect: { error: { code: 'SlowDown', status: 503 } },
    });
    const uploaded = await pipeline.client.upload('acme', 'vanishing', randomBytes(CHUNK_BYTES));
    await pipeline.until(async () => (await pipeline.planOf(uploaded)) !== undefined);
    await pipeline.remove(INGEST_BUCKET, 'acme/vanishing', uploaded.versionId);
    await pipeline.clearFaults();
    expect(await pipeline.rejectionOf(uploaded.objectId, { step: true })).toMatchObject({
      code: 'ERR_SOURCE_CHANGED',
    });
    expect(await pipeline.exists(VAULT_BUCKET, 'acme/objects/vanishing')).toBe(false);
  });

  test('of a small object whose source vanished is recorded as ERR_SOURCE_CHANGED', async () => {
    const reading = await arm(pipeline, {
      service: 's3',
      operation: 'GetObject',
      match: 'acme/small-vanishing',
      when: 'before',
      effect: { error: { code: 'SlowDown', status: 503 } },
    });
    const uploaded = await pipeline.client.upload('acme', 'small-vanishing', randomBytes(10));
    await reading.struck();
    await pipeline.remove(INGEST_BUCKET, 'acme/small-vanishing', uploaded.versionId);
    await pipeline.clearFaults();
    expect(await pipeline.rejectionOf(uploaded.versionId, { step: true })).toMatchObject({
      code: 'ERR_SOURCE_CHANGED',
    });
    expect(await pipeline.exists(VAULT_BUCKET, 'acme/objects/small-vanishing')).toBe(false);
  });

  test('whose event lied about the size is recorded as ERR_SOURCE_CHANGED', async () => {
    const { objectId, versionId } = await stored('acme', 'honest', 10);
    const record = {
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      eventTime: new Date().toISOString(),
      s3: {
        bucket: { name: INGEST_BUCKET },
        object: { key: 'acme/liar', size: 5, versionId, sequencer: '0A' },
      },
    };
    await pipeline.s3.send(new PutObjectCommand({ Bucket: INGEST_BUCKET, Key: 'nobody/liar', Body: 'x' }));
    await pipeline.send('uploads', { Records: [record] });
    await pipeline.until(async () =>
      (await pipeline.rejections()).some(
        ({ code, body }) => code === 'ERR_SOURCE_CHANGED' && !String(body).includes(objectId),
      ),
    );
    expect(await pipeline.exists(VAULT_BUCKET, 'acme/objects/liar')).toBe(false);
  });
});

describe('what rests in the vault', () => {
  test('does not open when a chunk is swapped with another of its object', async () => {
    const { objectId, tenantId } = await stored('acme', 'swapped');
    await overwrite(chunkKey(tenantId, objectId, 0), chunkKey(tenantId, objectId, 1));
    await restoreFails('acme', 'swapped', 'ERR_CONTEXT_MISMATCH');
  });

  test('does not open when a chunk comes from another object of the tenant', async () => {
    const victim = await stored('acme', 'grafted');
    const other = await stored('acme', 'donor');
    await overwrite(
      chunkKey(other.tenantId, other.objectId, 0),
      chunkKey(victim.tenantId, victim.objectId, 0),
    );
    await restoreFails('acme', 'grafted', 'ERR_CONTEXT_MISMATCH');
  });

  test("does not open when a chunk comes from another tenant's object", async () => {
    const victim = await stored('globex', 'target');
    const other = await stored('acme', 'target');
    await overwrite(
      chunkKey(other.tenantId, other.objectId, 0),
      chunkKey(victim.tenantId, victim.objectId, 0),
    );
    await restoreFails('globex', 'target', 'ERR_CONTEXT_MISMATCH');
  });

  test('does not open when a chunk is cut off', async () => {
    const { objectId, tenantId } = await stored('acme', 'truncated');
    const key = chunkKey(tenantId, objectId, 1);
    await pipeline.put(VAULT_BUCKET, key, (await pipeline.read(VAULT_BUCKET, key)).subarray(0, -1));
    await restoreFails('acme', 'truncated', 'ERR_AUTHENTICATION_FAILED');
  });

  test.each([40, 300, 1000, -1])(
    'does not open when a bit of byte %i of a chunk is flipped',
    async (position) => {
      const name = `flipped ${position}`;
      const { objectId, tenantId } = await stored('acme', name);
      const key = chunkKey(tenantId, objectId, 2);
      const message = await pipeline.read(VAULT_BUCKET, chunkKey(tenantId, objectId, 0));
      message.writeUInt8(
        (message.at(position) ?? 0) ^ 1,
        position < 0 ? message.length + position : position,
      );
      await pipeline.put(VAULT_BUCKET, chunkKey(tenantId, objectId, 0), message);
      expect(await pipeline.exists(VAULT_BUCKET, key)).toBe(true);
      await expect(pipeline.client.restore({ tenantId: 'acme', key: name })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_(AUTHENTICATION_FAILED|CONTEXT_MISMATCH)$/u),
      });
      expect(await pipeline.exists(RESTORE_BUCKET, `acme/${name}`)).toBe(false);
    },
  );

  test('does not open when a chunk is missing', async () => {
    const { objectId, tenantId } = await stored('acme', 'gap');
    await pipeline.remove(VAULT_BUCKET, chunkKey(tenantId, objectId, 1));
    await restoreFails('acme', 'gap', 'ERR_AUTHENTICATION_FAILED');
  });

  test.each([
    ['format', 'sealstream/2'],
    ['tenantId', 'globex'],
    ['objectId', 'f'.repeat(64)],
    ['sizeBytes', 5],
    ['chunkBytes', CHUNK_BYTES + 1],
    ['chunkCount', 2],
    ['kekArn', 'arn:aws:kms:us-east-1:222222222222:key/other'],
    ['epoch', 2],
    ['sourceVersionId', 'other'],
    ['sequencer', 'FF'],
    ['sealedAt', '2020-01-01T00:00:00.000Z'],
    ['sealed', 'AAAA'],
    ['added', 'member'],
  ])('does not open when %s of its manifest is edited', async (field, value) => {
    const name = `edited ${field}`;
    await stored('acme', name);
    const key = `acme/objects/${name}`;
    const manifest = JSON.parse((await pipeline.read(VAULT_BUCKET, key)).toString()) as object;
    await pipeline.put(VAULT_BUCKET, key, Buffer.from(JSON.stringify({ ...manifest, [field]: value })));
    const codes = { objectId: 'ERR_CONTEXT_MISMATCH', sealed: 'ERR_AUTHENTICATION_FAILED' } as const;
    await restoreFails('acme', name, codes[field as keyof typeof codes] ?? 'ERR_MANIFEST_INVALID');
  });

  test.each([
    ['chunked', 2 * CHUNK_BYTES],
    ['small', 10],
  ])('does not open under another name, nor under another tenant: a %s object', async (_what, bytes) => {
    await stored('acme', 'original', bytes);
    await overwrite('acme/objects/original', 'acme/objects/renamed');
    await restoreFails('acme', 'renamed', 'ERR_MANIFEST_INVALID');
    await overwrite('acme/objects/original', 'globex/objects/original');
    await restoreFails('globex', 'original', 'ERR_MANIFEST_INVALID');
  });
});

describe('a restore', () => {
  test.each([
    ['an unknown tenant', { tenantId: 'nobody', key: 'x' }, 'ERR_TENANT_UNKNOWN'],
    ['an unknown object', { tenantId: 'acme', key: 'never uploaded' }, 'ERR_OBJECT_UNKNOWN'],
    ['nothing', {}, 'ERR_EVENT_INVALID'],
    [
      'the vault as its destination',
      { tenantId: 'acme', key: 'x', destination: { bucket: VAULT_BUCKET } },
      'ERR_EVENT_INVALID',
    ],
    [
      "another tenant's folder",
      { tenantId: 'acme', key: 'x', destination: { key: 'globex/x' } },
      'ERR_EVENT_INVALID',
    ],
  ])('of %s is refused', async (_, request, code) => {
    await expect(pipeline.client.restore(request)).rejects.toMatchObject({ code });
  });
});
