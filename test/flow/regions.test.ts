/** A tenant with branch keys under a KEK in two regions, one of which fails. */
import {
  CreateKeyCommand,
  DecryptCommand,
  DisableKeyCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ReplicateKeyCommand,
} from '@aws-sdk/client-kms';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENCRYPT_ROLE, ISV_ACCOUNT, REGION, ROLE_ARNS } from '../../laptop/names.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { TenantHand } from '../support/tenant-hand.ts';

const AWAY = 'eu-west-1';

let pipeline: Pipeline;
let umbrella: TenantHand;
let kekArn: string;
let away: KMSClient;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
  umbrella = new TenantHand(pipeline, 'umbrella');
  away = new KMSClient({ ...pipeline.identity(umbrella.accountId), region: AWAY });
  const { tenantId, accountId: tenantAccountId } = umbrella;
  const Policy = JSON.stringify(
    keyPolicy({
      tenantId,
      tenantAccountId,
      keyModes: ['hierarchical'],
      ...ROLE_ARNS,
    }),
  );
  const { KeyMetadata } = await umbrella.kms.send(new CreateKeyCommand({ Policy, MultiRegion: true }));
  kekArn = KeyMetadata?.Arn ?? '';
  await umbrella.kms.send(new ReplicateKeyCommand({ KeyId: kekArn, ReplicaRegion: AWAY, Policy }));
  const replicaArns = [kekArn.replace(REGION, AWAY)];
  const settings = { tenantId, kekArn, replicaArns, keyMode: 'hierarchical', maxKeyAgeSeconds: 0 };
  await pipeline.client.invoke('onboard', { action: 'add', ...settings });
  await umbrella.becomes('active');
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

test('goes on while its own region’s KMS is gone, and is revoked when a replica is disabled', async () => {
  const before = randomBytes(10);
  await pipeline.sealed(await pipeline.client.upload('umbrella', 'before', before));
  // The SDK does not know this error, so it does not retry for seconds.
  const error = { code: 'Outage', status: 400 };
  const match = `"KeyId":"arn:aws:kms:${REGION}:`;
  await pipeline.fault({ service: 'kms', operation: 'Decrypt', match, when: 'before', effect: { error } });
  expect((await pipeline.restored('umbrella', 'before')).equals(before)).toBe(true);
  const meanwhile = randomBytes(10);
  await pipeline.sealed(await pipeline.client.upload('umbrella', 'meanwhile', meanwhile));
  await pipeline.clearFaults();
  expect((await pipeline.restored('umbrella', 'meanwhile')).equals(meanwhile)).toBe(true);
  expect((await umbrella.record()).status).toBe('active');

  await away.send(new DisableKeyCommand({ KeyId: kekArn.replace(REGION, AWAY) }));
  await pipeline.fault({ service: 'kms', operation: 'Decrypt', match, when: 'before', effect: { error } });
  await expect(pipeline.restored('umbrella', 'before')).rejects.toMatchObject({
    code: 'ERR_TENANT_KEY_UNUSABLE',
  });
  await umbrella.becomes('revoked');
  await pipeline.clearFaults();
});

test('encrypt unwraps branch keys and no DEK of a message, even where the tenant’s policy would let it', async () => {
  const Statement = [
    { Effect: 'Allow', Action: 'kms:*', Resource: '*', Principal: { AWS: umbrella.accountId } },
    { Effect: 'Allow', Action: 'kms:*', Resource: '*', Principal: { AWS: ROLE_ARNS.encryptRoleArn } },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const { KeyMetadata } = await umbrella.kms.send(new CreateKeyCommand({ Policy }));
  const KeyId = KeyMetadata?.Arn ?? '';
  const encrypt = new KMSClient(pipeline.identity(`${ISV_ACCOUNT}.${ENCRYPT_ROLE}`));
  async function unwrapped(EncryptionContext: Record<string, string>): Promise<number | undefined> {
    const generate = new GenerateDataKeyCommand({ KeyId, EncryptionContext, NumberOfBytes: 32 });
    const { CiphertextBlob } = await umbrella.kms.send(generate);
    const unwrap = new DecryptCommand({ KeyId, EncryptionContext, CiphertextBlob });
    return (await encrypt.send(unwrap)).Plaintext?.length;
  }
  expect(await unwrapped({ 'aws-crypto-ec:tenant-id': 'umbrella' })).toBe(32);
  await expect(unwrapped({ 'tenant-id': 'umbrella' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});
