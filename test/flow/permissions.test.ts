import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { INGEST_BUCKET, ISV_ACCOUNT, VAULT_BUCKET } from '../../laptop/names.ts';
import { chunkKey } from '../../shared/object/vault-key.ts';
import { CHUNK_BYTES, LAST_OF_PARTS, PARTS_BYTES } from '../support/chunk-bytes.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { TenantHand } from '../support/tenant-hand.ts';

const decisionsSchema = z.array(z.object({ role: z.string(), action: z.string(), allowed: z.boolean() }));

/** S3 itself asks for this permission on every GetObject, to decide if the answer may count the tags. */
const COURTESY = 's3:GetObjectTagging';
/** Notes how far a plan of more than 10,000 jobs has come: test/ingest/plan-upload.test.ts. */
const ONLY_HUGE = 'sealstream-local-ingest dynamodb:UpdateItem';

/** Every key that is onboarded is asked for this; only a key that grants too much says yes. */
const ONLY_TOO_MUCH = ['sealstream-local-control kms:CreateGrant', 'sealstream-local-control kms:ListGrants'];

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

function roleOf(name: string): ReturnType<Pipeline['identity']> {
  return pipeline.identity(`${ISV_ACCOUNT}.sealstream-local-${name}`);
}

/** `sealstream-local-encrypt s3:PutObject`, … of every statement of the four roles in serverless.yml. */
async function grantedActions(): Promise<readonly string[]> {
  const yaml = await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8');
  return ['ingest', 'encrypt', 'restore', 'control'].flatMap((name) => {
    const policy = yaml.slice(yaml.indexOf(`- PolicyName: ${name}\n`)).split(/\n {4}\w/u)[0] ?? '';
    const granted = policy.replaceAll(/( +)Condition:.*(?:\n\1 +.*)*/gu, '');
    const actions = granted.match(/\b(?:s3|sqs|kms|dynamodb):[A-Z]\w+/gu) ?? [];
    return actions.map((action) => `sealstream-local-${name} ${action}`);
  });
}

test('the roles are allowed all that the pipeline does, and the pipeline does all that they are allowed', async () => {
  const options = { tags: { cost: 'center' } };
  const big = await pipeline.client.upload('acme', 'big', randomBytes(2 * CHUNK_BYTES + 1), options);
  const small = await pipeline.client.upload('globex', 'small', randomBytes(10));
  await Promise.all([pipeline.sealed(big), pipeline.sealed(small)]);
  await pipeline.restored('acme', 'big');
  // A restore of several parts that fails is aborted; a job that can't be done is recorded, one that waits is parked.
  const many = await pipeline.client.upload('acme', 'parts', randomBytes(PARTS_BYTES));
  await pipeline.sealed(many);
  await pipeline.remove(VAULT_BUCKET, chunkKey(many.tenantId, many.objectId, LAST_OF_PARTS));
  await expect(pipeline.client.restore({ tenantId: 'acme', key: 'parts' })).rejects.toMatchObject({
    code: 'ERR_AUTHENTICATION_FAILED',
  });
  await pipeline.send('uploads', 'no notification');
  await pipeline.rejectionOf('no notification');
  await pipeline.send('chunks', 'no job');
  await pipeline.rejectionOf('no job');
  // No event told us that the key is disabled, so the restore that KMS refuses revokes the tenant.
  const initech = new TenantHand(pipeline, 'initech');
  await pipeline.sealed(await pipeline.client.upload('initech', 'sealed', randomBytes(10)));
  await pipeline.local.tell('POST', 'events/delivery', { mode: 'lose' });
  await pipeline.disableKey('initech');
  await pipeline.local.tell('POST', 'events/delivery', { mode: 'normal' });
  await expect(pipeline.client.restore({ tenantId: 'initech', key: 'sealed' })).rejects.toMatchObject({
    code: 'ERR_TENANT_KEY_UNUSABLE',
  });
  const waiting = await pipeline.client.upload('initech', 'waiting', randomBytes(10));
  await initech.hasParked(1);
  const error = { code: 'InternalServerError', status: 500 };
  for (const role of ['sealstream-local-ingest', 'sealstream-local-encrypt']) {
    await pipeline.fault({ service: 'dynamodb', role, when: 'before', count: 10, effect: { error } });
  }
  const delayed = await pipeline.client.upload('acme', 'delayed', randomBytes(10));
  await pipeline.sealedInTime(delayed);
  await pipeline.enableKey('initech');
  await initech.becomes('active');
  await pipeline.sealedInTime(waiting);
  await pipeline.client.invoke('watch', {});
  await comeAndGo('umbrella');

  const decisions = await pipeline.local.ask('decisions', decisionsSchema);
  const ofRoles = decisions.filter(({ role: arn }) => arn.includes(':role/sealstream-local-'));
  const used = new Set(
    ofRoles.filter(({ allowed }) => allowed).map((d) => `${d.role.split('/').at(-1)} ${d.action}`),
  );
  const idle = new Set((await grantedActions()).filter((granted) => !used.has(granted)));
  expect([...idle].toSorted()).toEqual([...ONLY_TOO_MUCH, ONLY_HUGE].toSorted());
  const refused = ofRoles.filter(({ allowed, action }) => !allowed && action !== COURTESY);
  expect(refused.filter(({ role, action }) => !isCheck(role, action))).toEqual([]);
});

/** A key is only proven by what it refuses. */
function isCheck(role: string, action: string): boolean {
  return role.endsWith('-control') && action.startsWith('kms:');
}

/** A tenant that uses a branch key, and all that is done with it before it is gone. */
async function comeAndGo(name: 'umbrella'): Promise<void> {
  const tenant = new TenantHand(pipeline, name);
  const { tenantId } = tenant;
  const kekArn = await tenant.createKey('AWS_KMS', ['per-chunk', 'hierarchical']);
  await pipeline.client.invoke('onboard', { action: 'add', tenantId, kekArn });
  await pipeline.sealed(await pipeline.client.upload(tenantId, 'first', randomBytes(10)));
  await pipeline.client.invoke('onboard', { action: 'change-key', tenantId, keyMode: 'hierarchical' });
  await pipeline.sealed(await pipeline.client.upload(tenantId, 'second', randomBytes(10)));
  await pipeline.restored(tenantId, 'second');
  const removal = { action: 'remove', tenantId, signedOffBy: 'test', deleteCiphertext: true };
  await pipeline.client.invoke('offboard', removal);
  await pipeline.advanceClock(3000);
  expect(await pipeline.client.invoke('offboard', removal)).toMatchObject({ done: true });
}

test('encrypt cannot decrypt, restore cannot generate, and neither can ask under another tenant-id', async () => {
  const KeyId = await pipeline.kekArn('acme');
  const EncryptionContext = { 'tenant-id': 'acme' };
  const encrypt = new KMSClient(roleOf('encrypt'));
  const restore = new KMSClient(roleOf('restore'));
  const generate = new GenerateDataKeyCommand({ KeyId, EncryptionContext, NumberOfBytes: 32 });
  const { CiphertextBlob } = await encrypt.send(generate);
  const unwrap = new DecryptCommand({ KeyId, EncryptionContext, CiphertextBlob });
  expect((await restore.send(unwrap)).Plaintext).toHaveLength(32);

  const denied = { name: 'AccessDeniedException' };
  await expect(encrypt.send(unwrap)).rejects.toMatchObject(denied);
  await expect(restore.send(generate)).rejects.toMatchObject(denied);
  const foreign = { KeyId, EncryptionContext: { 'tenant-id': 'globex' }, NumberOfBytes: 32 };
  await expect(encrypt.send(new GenerateDataKeyCommand(foreign))).rejects.toMatchObject(denied);
  await expect(pipeline.kms('globex').send(unwrap)).rejects.toMatchObject(denied);
});

test('no role writes plaintext where ciphertext rests, or reads what is not its to read', async () => {
  const denied = { name: 'AccessDenied' };
  const restore = new S3Client(roleOf('restore'));
  const ingest = new S3Client(roleOf('ingest'));
  const encrypt = new S3Client(roleOf('encrypt'));
  const chunk = { Bucket: VAULT_BUCKET, Key: 'acme/objects/any' };
  await expect(restore.send(new PutObjectCommand({ ...chunk, Body: 'x' }))).rejects.toMatchObject(denied);
  await expect(ingest.send(new PutObjectCommand({ ...chunk, Body: 'x' }))).rejects.toMatchObject(denied);
  const upload = { Bucket: INGEST_BUCKET, Key: 'acme/any' };
  await expect(restore.send(new GetObjectCommand(upload))).rejects.toMatchObject(denied);
  await expect(encrypt.send(new PutObjectCommand({ ...upload, Body: 'x' }))).rejects.toMatchObject(denied);
  // Chunks it may read, for S3 asks for that before it lets anybody write over them by their ETag.
  const other = { Bucket: VAULT_BUCKET, Key: 'acme/neither/chunk-nor-manifest' };
  await expect(encrypt.send(new GetObjectCommand(other))).rejects.toMatchObject(denied);
});
