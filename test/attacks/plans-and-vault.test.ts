/**
 * Edited plans and planted objects, with no more than one role's own credentials: the state table is written as the
 * `ingest` role, the vault as the `encrypt` role, which may put objects there and open none.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ISV_ACCOUNT, REGION, ROLE_ARNS, STATE_TABLE, VAULT_BUCKET } from '../../laptop/names.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { planItem, tenantItem } from '../../shared/aws/state-keys.ts';
import { type Plan, planOf, planOfRow } from '../../shared/object/plan.ts';
import { parseNotification, uploadOf } from '../../shared/ingest/notification.ts';
import { chunkKey, entryKey } from '../../shared/object/vault-key.ts';
import { decodeManifest, encodeManifest } from '../../shared/manifest/manifest.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { CHUNK_BYTES, INLINE_BYTES } from '../support/chunk-bytes.ts';
import { type HeldUpload, type HeldUploads, holdUploads } from '../support/held-uploads.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { sealedVersion, sourceExists } from '../support/sealed-once.ts';
import { TenantHand } from '../support/tenant-hand.ts';

const INGEST_ROLE = `${ISV_ACCOUNT}.sealstream-local-ingest`;
const ENCRYPT_ROLE = `${ISV_ACCOUNT}.sealstream-local-encrypt`;
/** The time after which an upload without progress is re-driven. */
const STUCK_MS = 3_600_000;
/** Two chunks. */
const BYTES = CHUNK_BYTES + 1000;
/** One chunk, and too large to be inline. */
const ONE_CHUNK = INLINE_BYTES + 1;

let pipeline: Pipeline;
let held: HeldUploads;

beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
  held = await holdUploads(pipeline);
});
afterAll(async () => await pipeline[Symbol.asyncDispose]());

/** The plan that `ingest` would make of an upload. */
async function planOfUpload({ tenantId, notification }: HeldUpload): Promise<Plan> {
  const [record] = parseNotification(notification);
  const kekArn = await kekArnOf(tenantId);
  return planOf(uploadOf(record), { kekArn, chunkBytes: CHUNK_BYTES, plannedAt: new Date() });
}

async function kekArnOf(tenantId: TenantId): Promise<string> {
  const { Item } = await pipeline.table.send(
    new GetCommand({ TableName: STATE_TABLE, Key: tenantItem(tenantId), ConsistentRead: true }),
  );
  return String(Item?.['kekArn']);
}

async function forge(plan: Plan, role = INGEST_ROLE): Promise<void> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(pipeline.identity(role)));
  const Item = { ...planItem(plan.objectId), ...plan };
  await client.send(new PutCommand({ TableName: STATE_TABLE, Item }));
}

/** Sends a job as the `ingest` role. */
async function sendJob({ tenantId, objectId }: Plan, chunkIndex = 0): Promise<void> {
  const MessageBody = JSON.stringify({ tenantId, objectId, chunkIndex });
  const QueueUrl = pipeline.queueUrl('chunks');
  const sqs = new SQSClient(pipeline.identity(INGEST_ROLE));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: tenantId }));
}

/** Puts an object into the vault as the `encrypt` role. */
async function plant(Key: string, Body: Uint8Array): Promise<void> {
  const s3 = new S3Client(pipeline.identity(ENCRYPT_ROLE));
  await s3.send(new PutObjectCommand({ Bucket: VAULT_BUCKET, Key, Body }));
}

async function storedPlan(upload: HeldUpload): Promise<Plan> {
  return planOfRow(await pipeline.planOf(upload), upload.objectId);
}

/** Expects that the upload is restored byte for byte, and that its source is gone. */
async function expectSealed(upload: HeldUpload): Promise<void> {
  await pipeline.sealedInTime(upload);
  expect(await sealedVersion(pipeline, upload)).toBe(upload.versionId);
  expect((await pipeline.restored(upload.tenantId, upload.key)).equals(upload.content)).toBe(true);
}

/** Sends the jobs again that nothing works on any more. */
async function redrive(): Promise<void> {
  await pipeline.advanceClock(STUCK_MS);
  await pipeline.client.invoke('watch', {});
}

describe('with the ingest role’s credentials', () => {
  test('a plan of another tenant’s upload seals nothing, removes nothing, and is told, even of a revoked tenant', async () => {
    const victim = new TenantHand(pipeline, 'initech');
    const upload = await held.upload('initech', 'secret', randomBytes(ONE_CHUNK));
    const honest = await planOfUpload(upload);
    await pipeline.disableKey('initech');
    await victim.becomes('revoked');
    const globex = new TenantHand(pipeline, 'globex');
    const forged = { ...honest, tenantId: globex.tenantId, kekArn: await globex.kekArn() };
    await forge(forged);
    await sendJob(forged);
    expect(await pipeline.rejectionOf(upload.objectId)).toMatchObject({ code: 'ERR_PLAN_INVALID' });
    expect(await pipeline.vaultKeys(`globex/`)).toEqual([]);
    expect(await sourceExists(pipeline, upload)).toBe(true);

    const Key = planItem(upload.objectId);
    await pipeline.table.send(new DeleteCommand({ TableName: STATE_TABLE, Key }));
    await pipeline.enableKey('initech');
    await victim.becomes('active', { step: true });
    await held.release(upload);
    await expectSealed(upload);
  });

  test('a plan under a key of somebody else’s is sealed under the tenant’s own', async () => {
    const upload = await held.upload('acme', 'foreign-key', randomBytes(ONE_CHUNK));
    const forged = { ...(await planOfUpload(upload)), kekArn: await pipeline.kekArn('globex') };
    await forge(forged);
    await sendJob(forged);
    await expectSealed(upload);
    expect((await storedPlan(upload)).kekArn).toBe(await pipeline.kekArn('acme'));
  });
});

describe('with leave to put objects into the vault', () => {
  test('a manifest of the id that the upload will have costs nobody the upload', async () => {
    const donor = await held.upload('acme', 'donor', randomBytes(ONE_CHUNK));
    await held.release(donor);
    await pipeline.sealed(donor);
    const upload = await held.upload('acme', 'predicted', randomBytes(BYTES));
    const { objectId, source } = await planOfUpload(upload);
    const { clear, sealed } = decodeManifest(
      await pipeline.read(VAULT_BUCKET, entryKey(donor.tenantId, donor.key)),
    );
    const { versionId: sourceVersionId, sequencer } = source;
    const planted = encodeManifest({ clear: { ...clear, objectId, sourceVersionId, sequencer }, sealed });
    await plant(entryKey(upload.tenantId, upload.key), planted);
    await held.release(upload);
    await pipeline.until(async () => (await pipeline.planOf(upload))?.['sealedAt'] !== undefined, {
      step: true,
    });
    await expectSealed(upload);
  });

  test.each([ONE_CHUNK, BYTES])(
    'a chunk of the right size costs nobody an upload of %i bytes',
    async (bytes) => {
      const donor = await held.upload('acme', `donor-${bytes}`, randomBytes(bytes));
      await held.release(donor);
      await pipeline.sealed(donor);
      const upload = await held.upload('acme', `overlaid-${bytes}`, randomBytes(bytes));
      const chunk = await pipeline.read(VAULT_BUCKET, chunkKey(donor.tenantId, donor.objectId, 0));
      await plant(chunkKey(upload.tenantId, upload.objectId, 0), chunk);
      // Names that no chunk has keep no object from being sealed.
      for (const end of ['-', '\u0001', '%', '+'])
        await plant(chunkKey(upload.tenantId, upload.objectId, 0) + end, randomBytes(3));
      await held.release(upload);
      await expectSealed(upload);
    },
  );
});

describe('two uploads of one key with one sequencer', () => {
  test('end with the newer one, though the older one is heard of last', async () => {
    const older = await held.upload('acme', 'twice', randomBytes(10));
    await pipeline.advanceClock(10_000);
    const newer = await held.upload('acme', 'twice', randomBytes(20));
    const notification = older.notification.replace(
      (await planOfUpload(older)).source.sequencer,
      (await planOfUpload(newer)).source.sequencer,
    );
    await held.release(newer);
    await pipeline.sealed(newer);
    await held.release({ ...older, notification });
    await pipeline.until(async () => !(await sourceExists(pipeline, older)));
    await expectSealed(newer);
  });
});

describe('uploads planned under a key that is of no use', () => {
  let umbrella: TenantHand;
  beforeAll(() => {
    umbrella = new TenantHand(pipeline, 'umbrella');
  });

  async function newKey(): Promise<string> {
    const { tenantId, accountId: tenantAccountId } = umbrella;
    const policy = keyPolicy({ tenantId, tenantAccountId, keyModes: ['per-chunk'], ...ROLE_ARNS });
    const Policy = JSON.stringify(policy);
    const { KeyMetadata } = await umbrella.kms.send(new CreateKeyCommand({ Policy }));
    return KeyMetadata?.Arn ?? '';
  }

  async function parked(key: string): Promise<HeldUpload> {
    const upload = await held.upload('umbrella', key, randomBytes(BYTES));
    await held.release(upload);
    await umbrella.hasParked(2);
    return upload;
  }

  test('that was registered by mistake are sealed once the right one is', async () => {
    const missing = '00000000-0000-4000-8000-000000000000';
    await onboard('add', `arn:aws:kms:${REGION}:${umbrella.accountId}:key/${missing}`);
    const upload = await parked('mistaken');
    const kekArn = await newKey();
    await onboard('add', kekArn);
    await umbrella.becomes('active');
    await pipeline.client.invoke('watch', {});
    await expectSealed(upload);
    expect((await storedPlan(upload)).kekArn).toBe(kekArn);
    expect(await umbrella.parked()).toEqual([]);
  });

  test('that its tenant destroys are sealed under the one that took its place', async () => {
    const old = await umbrella.createKey('AWS_KMS');
    await onboard('change-key', old);
    await umbrella.kms.send(new ScheduleKeyDeletionCommand({ KeyId: old, PendingWindowInDays: 7 }));
    await umbrella.becomes('revoked');
    const upload = await parked('destroyed');
    expect((await storedPlan(upload)).kekArn).toBe(old);
    const kekArn = await newKey();
    await onboard('change-key', kekArn);
    await umbrella.becomes('active');
    await pipeline.client.invoke('watch', {});
    await redrive();
    await expectSealed(upload);
    expect((await storedPlan(upload)).kekArn).toBe(kekArn);
    expect(await umbrella.parked()).toEqual([]);
    expect(await sealedKek(upload)).toBe(kekArn);
  });
});

async function onboard(action: 'add' | 'change-key', kekArn: string): Promise<void> {
  const answer = await pipeline.client.invoke('onboard', { action, tenantId: 'umbrella', kekArn });
  expect(answer).toMatchObject({ findings: expect.any(Array) });
}

async function sealedKek({ tenantId, key }: HeldUpload): Promise<string> {
  return decodeManifest(await pipeline.read(VAULT_BUCKET, entryKey(tenantId, key))).clear.kekArn;
}

describe('with the encrypt role’s credentials', () => {
  test.each([ONE_CHUNK, BYTES])('a plan of %i bytes that claims to be sealed is sealed', async (bytes) => {
    const upload = await held.upload('acme', `never-sealed-${bytes}`, randomBytes(bytes));
    const forged = { ...(await planOfUpload(upload)), sealedAt: new Date().toISOString() };
    await forge(forged, ENCRYPT_ROLE);
    await sendJob(forged);
    await pipeline.until(async () => (await storedPlan(upload)).generation === 1);
    // The job of its other chunk was never sent.
    await redrive();
    await expectSealed(upload);
  });

  test('a plan that claims to be older than what is sealed, and sealed itself, costs nobody the newer upload', async () => {
    const older = await held.upload('acme', 'backdated', randomBytes(ONE_CHUNK));
    await held.release(older);
    await pipeline.sealed(older);
    await pipeline.advanceClock(10_000);
    const newer = await held.upload('acme', 'backdated', randomBytes(ONE_CHUNK + 10));
    const plan = await planOfUpload(newer);
    const source = { ...plan.source, sequencer: '00' };
    await forge({ ...plan, source, sealedAt: new Date().toISOString() }, ENCRYPT_ROLE);
    await sendJob(plan);
    expect(await pipeline.rejectionOf(newer.objectId)).toMatchObject({ code: 'ERR_MANIFEST_INVALID' });
    expect(await sourceExists(pipeline, newer)).toBe(true);
  });
});
