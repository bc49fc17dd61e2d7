/**
 * Ordinary commands of an operator, through the deployed functions. They come to an end, and leave readable what they
 * should.
 */
import {
  BranchKeyStoreNode,
  buildClient,
  CommitmentPolicy,
  KmsHierarchicalKeyRingNode,
} from '@aws-crypto/client-node';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, ReplicateKeyCommand } from '@aws-sdk/client-kms';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { ISV_ACCOUNT, KEY_STORE_TABLE, REGION, ROLE_ARNS, VAULT_BUCKET } from '../../laptop/names.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { tenantSchema } from '../../shared/tenant/tenant.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { TenantHand } from '../support/tenant-hand.ts';

const AWAY = 'eu-west-1';

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

const judgedSchema = z.object({
  status: z.string(),
  findings: z.array(
    z.object({
      ok: z.boolean(),
      message: z.string(),
      statement: z.object({ Sid: z.string() }).optional(),
    }),
  ),
});

async function onboard(request: object): Promise<z.infer<typeof judgedSchema>> {
  return judgedSchema.parse(await pipeline.client.invoke('onboard', request));
}

const removedSchema = z.object({
  done: z.boolean(),
  forgotten: z.boolean().optional(),
  removal: z.looseObject({ branchKeyIds: z.array(z.string()) }),
});

/** Removes a tenant as the command line does: asks again until it is done, but only a limited number of times. */
async function remove(tenantId: string, chosen: object = {}): Promise<z.infer<typeof removedSchema>> {
  const request = { action: 'remove', tenantId, signedOffBy: 'legal', ...chosen };
  for (let times = 0; times < 10; times += 1) {
    const removed = removedSchema.parse(await pipeline.client.invoke('offboard', request));
    if (removed.done) return removed;
    await pipeline.advanceClock(3_000);
  }
  throw new Error('it never ends');
}

test('what a replica wrapped is restored after that replica was dropped', async () => {
  const umbrella = new TenantHand(pipeline, 'umbrella');
  const { tenantId, accountId: tenantAccountId } = umbrella;
  const Policy = JSON.stringify(keyPolicy({ tenantId, tenantAccountId, ...ROLE_ARNS }));
  const { KeyMetadata } = await umbrella.kms.send(new CreateKeyCommand({ Policy, MultiRegion: true }));
  const kekArn = KeyMetadata?.Arn ?? '';
  await umbrella.kms.send(new ReplicateKeyCommand({ KeyId: kekArn, ReplicaRegion: AWAY, Policy }));
  await onboard({ action: 'add', tenantId, kekArn, replicaArns: [kekArn.replace(REGION, AWAY)] });
  await umbrella.becomes('active');

  const error = { code: 'Outage', status: 400 };
  const match = `"KeyId":"arn:aws:kms:${REGION}:`;
  const operation = 'GenerateDataKey';
  await pipeline.fault({ service: 'kms', operation, match, when: 'before', effect: { error } });
  const body = randomBytes(10);
  await pipeline.sealed(await pipeline.client.upload(tenantId, 'by the replica', body));
  await pipeline.clearFaults();
  const message = await pipeline.read(VAULT_BUCKET, `${tenantId}/objects/by the replica`);
  expect(message.includes(`arn:aws:kms:${AWAY}:`)).toBe(true);

  expect(await onboard({ action: 'change-key', tenantId, replicaArns: [] })).toMatchObject({
    status: 'active',
  });
  expect((await umbrella.record()).replicaArns).toEqual([]);
  expect((await pipeline.restored(tenantId, 'by the replica')).equals(body)).toBe(true);
});

test('a tenant with branch keys that was removed reads its data without us', async () => {
  const initech = new TenantHand(pipeline, 'initech');
  const { tenantId } = initech;
  const kekArn = await initech.createKey('AWS_KMS', ['per-chunk', 'hierarchical']);
  await onboard({ action: 'change-key', tenantId, kekArn, keyMode: 'hierarchical' });
  await pipeline.sealed(await pipeline.client.upload(tenantId, 'kept', randomBytes(10)));
  const { removal } = await remove(tenantId);
  const [branchKeyId = ''] = removal.branchKeyIds;

  const message = await pipeline.read(VAULT_BUCKET, `${tenantId}/objects/kept`);
  const keyStore = new BranchKeyStoreNode({
    storage: {
      ddbTableName: KEY_STORE_TABLE,
      ddbClient: new DynamoDBClient(pipeline.identity(ISV_ACCOUNT)),
    },
    logicalKeyStoreName: 'sealstream',
    keyManagement: { kmsClient: initech.kms },
    kmsConfiguration: { identifier: kekArn },
  });
  const keyring = new KmsHierarchicalKeyRingNode({ branchKeyId, keyStore, cacheLimitTtl: 60 });
  const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const { plaintext } = await decrypt(keyring, message);
  expect(JSON.parse(plaintext.toString('latin1').split('\n')[0] ?? '')).toMatchObject({ key: 'kept' });
});

test('a mistyped id with somebody’s key changes nothing for its holder, and is free again when it is removed', async () => {
  const acme = new TenantHand(pipeline, 'acme');
  const before = await acme.record();
  const add = { action: 'add', tenantId: 'acmee', kekArn: before.kekArn };
  expect((await onboard(add)).status).toBe('pending');
  const checked = await onboard({ action: 'change-key', tenantId: 'acme', keyMode: 'hierarchical' });
  const faults = checked.findings.filter(({ ok }) => !ok);
  expect(faults.map(({ message }) => message).join('')).not.toContain('another tenant');
  expect(faults.map(({ statement }) => statement?.Sid)).toContain('SealstreamMakesBranchKeys');
  expect(await acme.record()).toEqual(before);

  expect(await remove('acmee')).toMatchObject({ done: true, forgotten: true });
  expect((await onboard(add)).status).toBe('pending');
  const { tenant } = z
    .object({ tenant: tenantSchema })
    .parse(await pipeline.client.invoke('onboard', { action: 'show', tenantId: 'acmee' }));
  expect(tenant.epoch).toBe(1);
});

test('a removal that deletes comes to its end, whatever lies in the vault, and says what it left', async () => {
  const key = 'globex/objects/\u0001';
  await pipeline.put(VAULT_BUCKET, key, Buffer.from('planted'));
  await pipeline.put(VAULT_BUCKET, 'globex/objects/locked', Buffer.from('planted'));
  await pipeline.sealed(await pipeline.client.upload('globex', 'stored', randomBytes(10)));
  const Statement = {
    Effect: 'Deny',
    Principal: { AWS: ROLE_ARNS.controlRoleArn },
    Action: 's3:DeleteObjectVersion',
    Resource: `arn:aws:s3:::${VAULT_BUCKET}/globex/objects/locked`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await pipeline.s3.send(new PutBucketPolicyCommand({ Bucket: VAULT_BUCKET, Policy }));
  const { removal } = await remove('globex', { deleteCiphertext: true });
  expect(removal['ciphertextLeft']).toMatchObject({
    count: 1,
    first: [expect.stringMatching(/^"globex\/objects\/locked" \(version .*\): AccessDenied$/u)],
  });
  expect(await pipeline.vaultVersions('globex/')).toEqual(['globex/objects/locked']);
});
