import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KMS } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DAY_MS,
  ISV,
  type KmsServer,
  newKey,
  present,
  refusal,
  REGION,
  startKms,
  TENANT,
} from './kms-server.ts';

let server: KmsServer;
let tenant: KMS;

beforeAll(async () => {
  server = await startKms();
  tenant = server.client(TENANT);
});
afterAll(() => server.close());

async function seal(KeyId: string, client: KMS = tenant): Promise<Uint8Array> {
  const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext: Buffer.from('x') });
  return present(CiphertextBlob);
}

async function stateOf(KeyId: string): Promise<string | undefined> {
  return (await tenant.describeKey({ KeyId })).KeyMetadata?.KeyState;
}

/** Returns `detail-type` and `eventName` of the events about a key. */
function eventsAbout(key: string): readonly string[] {
  return server.events
    .map((event) => JSON.stringify(event))
    .filter((text) => text.includes(key))
    .map((text) => /"eventName":"(\w+)"/.exec(text)?.[1] ?? /"detail-type":"([^"]+)"/.exec(text)?.[1] ?? '');
}

async function importMaterial(
  KeyId: string,
  material: Buffer,
  validTo?: Date,
  client: KMS = tenant,
): Promise<unknown> {
  const parameters = await client.getParametersForImport({
    KeyId,
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  });
  const key = Buffer.from(present(parameters.PublicKey));
  const EncryptedKeyMaterial = publicEncrypt(
    {
      key: `-----BEGIN PUBLIC KEY-----\n${key.toString('base64')}\n-----END PUBLIC KEY-----`,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
    },
    material,
  );
  return client.importKeyMaterial({
    KeyId,
    ImportToken: present(parameters.ImportToken),
    EncryptedKeyMaterial,
    ...(validTo === undefined ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } : { ValidTo: validTo }),
  });
}

describe('the red button', () => {
  test('a disabled key refuses every use, and opens everything once enabled again', async () => {
    const key = await newKey(tenant);
    const blob = await seal(key);
    await tenant.disableKey({ KeyId: key });
    expect(await refusal(tenant.decrypt({ CiphertextBlob: blob }))).toBe('DisabledException');
    expect(await refusal(seal(key))).toBe('DisabledException');
    await tenant.enableKey({ KeyId: key });
    await expect(tenant.decrypt({ CiphertextBlob: blob })).resolves.toBeDefined();
    expect(eventsAbout(key)).toEqual(['CreateKey', 'DisableKey', 'EnableKey']);
  });

  test('with a propagation delay the data plane keeps seeing the state before', async () => {
    const key = await newKey(tenant);
    server.kms.setPropagationDelay(30);
    await tenant.disableKey({ KeyId: key });
    expect(await stateOf(key)).toBe('Disabled');
    await expect(seal(key)).resolves.toBeDefined();
    await server.clock.advance(30_000);
    expect(await refusal(seal(key))).toBe('DisabledException');
    await tenant.enableKey({ KeyId: key });
    expect(await refusal(seal(key))).toBe('DisabledException');
    await server.clock.advance(30_000);
    await expect(seal(key)).resolves.toBeDefined();
    server.kms.setPropagationDelay(0);
  });

  test('with a propagation delay that DescribeKey shares, only the account of the key sees its own change', async () => {
    const everything = { Effect: 'Allow', Principal: { AWS: [TENANT, ISV] }, Action: 'kms:*', Resource: '*' };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [everything] });
    const key = await newKey(tenant, { Policy });
    server.roles.put(`arn:aws:iam::${ISV}:role/watch`, [
      {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'kms:DescribeKey', Resource: '*' }],
      },
    ]);
    const watch = server.client(`${ISV}.watch`);
    const described = async () => (await watch.describeKey({ KeyId: key })).KeyMetadata;
    server.kms.setPropagationDelay(30, { describe: true });
    await tenant.scheduleKeyDeletion({ KeyId: key });
    expect(await stateOf(key)).toBe('PendingDeletion');
    expect(await described()).toMatchObject({ KeyState: 'Enabled', Enabled: true });
    expect(await described()).not.toHaveProperty('DeletionDate');
    await server.clock.advance(30_000);
    expect(await described()).toMatchObject({
      KeyState: 'PendingDeletion',
      DeletionDate: expect.any(Date),
    });
    server.kms.setPropagationDelay(0);
  });

  test('the event is shaped as CloudTrail shapes it, in the account of the key', async () => {
    const key = await newKey(tenant);
    const id = present(key.split('/')[1]);
    await tenant.disableKey({ KeyId: id });
    expect(server.events.at(-1)).toMatchObject({
      source: 'aws.kms',
      'detail-type': 'AWS API Call via CloudTrail',
      account: TENANT,
      region: REGION,
      resources: [],
      detail: {
        eventSource: 'kms.amazonaws.com',
        eventName: 'DisableKey',
        userIdentity: { type: 'Root', accountId: TENANT },
        requestParameters: { keyId: id },
        responseElements: { keyId: key },
        resources: [{ accountId: TENANT, type: 'AWS::KMS::Key', ARN: key }],
        readOnly: false,
        recipientAccountId: TENANT,
      },
    });
  });

  test('a refused call is told with its error, to the account of the caller alone', async () => {
    const key = await newKey(tenant);
    await refusal(server.client(ISV).disableKey({ KeyId: key }));
    expect(server.events.at(-1)).toMatchObject({
      account: ISV,
      detail: { eventName: 'DisableKey', errorCode: 'AccessDeniedException', responseElements: null },
    });
  });
});

describe('deletion', () => {
  test('a key is useless while deletion pends, and disabled once that is cancelled', async () => {
    const key = await newKey(tenant);
    const answer = await tenant.scheduleKeyDeletion({ KeyId: key, PendingWindowInDays: 7 });
    expect(answer).toMatchObject({ KeyId: key, KeyState: 'PendingDeletion', PendingWindowInDays: 7 });
    expect(await refusal(seal(key))).toBe('KMSInvalidStateException');
    expect(await refusal(tenant.enableKey({ KeyId: key }))).toBe('KMSInvalidStateException');
    await tenant.cancelKeyDeletion({ KeyId: key });
    expect(await stateOf(key)).toBe('Disabled');
  });

  test.each([6, 31])('a waiting period of %i days is refused', async (PendingWindowInDays) => {
    const key = await newKey(tenant);
    const call = tenant.scheduleKeyDeletion({ KeyId: key, PendingWindowInDays });
    expect(await refusal(call)).toBe('ValidationException');
  });

  test('when the waiting period ends the key and its aliases are gone', async () => {
    const key = await newKey(tenant);
    await tenant.createAlias({ AliasName: 'alias/doomed', TargetKeyId: key });
    const blob = await seal(key);
    await tenant.scheduleKeyDeletion({ KeyId: key, PendingWindowInDays: 7 });
    await server.clock.advance(7 * DAY_MS);
    await server.kms.tick();
    expect(eventsAbout(key).slice(-2)).toEqual(['DeleteKey', 'KMS CMK Deletion']);
    expect(await refusal(tenant.describeKey({ KeyId: key }))).toBe('NotFoundException');
    expect(await refusal(tenant.describeKey({ KeyId: 'alias/doomed' }))).toBe('NotFoundException');
    expect(await refusal(tenant.decrypt({ CiphertextBlob: blob }))).toBe('AccessDeniedException');
  });
});

describe('imported key material', () => {
  test('a key waits for it, uses it, and needs the very same again', async () => {
    const key = await newKey(tenant, { Origin: 'EXTERNAL' });
    expect(await stateOf(key)).toBe('PendingImport');
    expect(await refusal(seal(key))).toBe('KMSInvalidStateException');
    const material = randomBytes(32);
    await importMaterial(key, material);
    const blob = await seal(key);
    await tenant.deleteImportedKeyMaterial({ KeyId: key });
    expect(await refusal(tenant.decrypt({ CiphertextBlob: blob }))).toBe('KMSInvalidStateException');
    expect(await refusal(importMaterial(key, randomBytes(32)))).toBe('IncorrectKeyMaterialException');
    await importMaterial(key, material);
    await expect(tenant.decrypt({ CiphertextBlob: blob })).resolves.toBeDefined();
  });

  test('expires by the clock, and says so', async () => {
    const key = await newKey(tenant, { Origin: 'EXTERNAL' });
    await importMaterial(key, randomBytes(32), new Date(server.clock.now() + DAY_MS));
    await seal(key);
    await server.clock.advance(DAY_MS + 1000);
    expect(await refusal(seal(key))).toBe('KMSInvalidStateException');
    expect(eventsAbout(key).slice(-2)).toEqual([
      'DeleteExpiredKeyMaterial',
      'KMS Imported Key Material Expiration',
    ]);
  });

  test('is refused for keys of AWS, with a foreign token, and when it is not 256 bits', async () => {
    expect(await refusal(importMaterial(await newKey(tenant), randomBytes(32)))).toBe(
      'UnsupportedOperationException',
    );
    const key = await newKey(tenant, { Origin: 'EXTERNAL' });
    expect(await refusal(importMaterial(key, randomBytes(31)))).toBe('IncorrectKeyMaterialException');
    const call = tenant.importKeyMaterial({
      KeyId: key,
      ImportToken: randomBytes(64),
      EncryptedKeyMaterial: randomBytes(256),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    });
    expect(await refusal(call)).toBe('InvalidImportTokenException');
  });
});

describe('multi-Region keys', () => {
  test('share their material, but neither state nor policy', async () => {
    const primary = await newKey(tenant, { MultiRegion: true });
    expect(primary).toMatch(/key\/mrk-[0-9a-f]{32}$/);
    const west = server.client(TENANT, 'eu-west-1');
    const { ReplicaKeyMetadata } = await tenant.replicateKey({ KeyId: primary, ReplicaRegion: 'eu-west-1' });
    const replica = present(ReplicaKeyMetadata?.Arn);
    expect(replica).toBe(primary.replace(REGION, 'eu-west-1'));
    const blob = await seal(primary);
    await expect(west.decrypt({ CiphertextBlob: blob })).resolves.toMatchObject({ KeyId: replica });
    await tenant.disableKey({ KeyId: primary });
    await expect(west.decrypt({ CiphertextBlob: blob })).resolves.toBeDefined();
    await west.disableKey({ KeyId: replica });
    expect(await refusal(west.decrypt({ CiphertextBlob: blob }))).toBe('DisabledException');
  });

  test('a primary outlives its replicas', async () => {
    const primary = await newKey(tenant, { MultiRegion: true });
    await tenant.replicateKey({ KeyId: primary, ReplicaRegion: 'eu-west-1' });
    const again = tenant.replicateKey({ KeyId: primary, ReplicaRegion: 'eu-west-1' });
    expect(await refusal(again)).toBe('AlreadyExistsException');
    await tenant.scheduleKeyDeletion({ KeyId: primary, PendingWindowInDays: 7 });
    expect(await stateOf(primary)).toBe('PendingReplicaDeletion');
    const west = server.client(TENANT, 'eu-west-1');
    await west.scheduleKeyDeletion({ KeyId: primary.replace(REGION, 'eu-west-1'), PendingWindowInDays: 7 });
    await server.clock.advance(7 * DAY_MS);
    expect(await stateOf(primary)).toBe('PendingDeletion');
  });

  test('single-Region keys have no replicas', async () => {
    const call = tenant.replicateKey({ KeyId: await newKey(tenant), ReplicaRegion: 'eu-west-1' });
    expect(await refusal(call)).toBe('UnsupportedOperationException');
  });
});

describe('rotation', () => {
  test('what was encrypted before still opens', async () => {
    const key = await newKey(tenant);
    const blob = await seal(key);
    const before = (await tenant.describeKey({ KeyId: key })).KeyMetadata?.CurrentKeyMaterialId;
    await tenant.rotateKeyOnDemand({ KeyId: key });
    const after = (await tenant.describeKey({ KeyId: key })).KeyMetadata?.CurrentKeyMaterialId;
    expect(after).not.toBe(before);
    await expect(tenant.decrypt({ CiphertextBlob: blob })).resolves.toMatchObject({ KeyMaterialId: before });
  });

  test('happens by itself when its period has passed', async () => {
    const key = await newKey(tenant);
    await tenant.enableKeyRotation({ KeyId: key, RotationPeriodInDays: 90 });
    const status = await tenant.getKeyRotationStatus({ KeyId: key });
    expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
    await server.clock.advance(90 * DAY_MS);
    await server.kms.tick();
    expect(eventsAbout(key).slice(-2)).toEqual(['RotateKey', 'KMS CMK Rotation']);
  });
});

describe('names and tags', () => {
  test('an alias moves between keys and disappears', async () => {
    const [first, second] = [await newKey(tenant), await newKey(tenant)];
    const AliasName = 'alias/moving';
    await tenant.createAlias({ AliasName, TargetKeyId: first });
    expect(await refusal(tenant.createAlias({ AliasName, TargetKeyId: second }))).toBe(
      'AlreadyExistsException',
    );
    await tenant.updateAlias({ AliasName, TargetKeyId: second });
    expect((await tenant.describeKey({ KeyId: AliasName })).KeyMetadata?.Arn).toBe(second);
    const { Aliases } = await tenant.listAliases({ KeyId: second });
    expect(Aliases?.map((alias) => alias.AliasName)).toEqual([AliasName]);
    await tenant.deleteAlias({ AliasName });
    expect(await refusal(tenant.deleteAlias({ AliasName }))).toBe('NotFoundException');
  });

  test('tags come and go', async () => {
    const key = await newKey(tenant, { Tags: [{ TagKey: 'a', TagValue: '1' }] });
    await tenant.tagResource({ KeyId: key, Tags: [{ TagKey: 'b', TagValue: '2' }] });
    await tenant.untagResource({ KeyId: key, TagKeys: ['a'] });
    expect((await tenant.listResourceTags({ KeyId: key })).Tags).toEqual([{ TagKey: 'b', TagValue: '2' }]);
  });

  test('lists come a page at a time', async () => {
    const lister = server.client('333333333333');
    const keys = [await newKey(lister), await newKey(lister), await newKey(lister)];
    const first = await lister.listKeys({ Limit: 2 });
    const rest = await lister.listKeys({ Limit: 2, Marker: first.NextMarker });
    const listed = [...present(first.Keys), ...present(rest.Keys)].map(({ KeyArn }) => KeyArn);
    expect(first.Truncated).toBe(true);
    expect(listed).toEqual(keys);
    expect(await refusal(lister.listKeys({ Marker: 'nonsense' }))).toBe('InvalidMarkerException');
  });
});

describe('with a data folder', () => {
  test('keys, aliases, grants and ciphertexts survive a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'kms-test-'));
    const before = await startKms({ dataDir });
    const key = await newKey(before.client(TENANT));
    await before.client(TENANT).createAlias({ AliasName: 'alias/kept', TargetKeyId: key });
    const blob = await seal(key, before.client(TENANT));
    await before.client(TENANT).disableKey({ KeyId: key });
    await before.close();
    const after = await startKms({ dataDir });
    const client = after.client(TENANT);
    expect(await refusal(client.decrypt({ CiphertextBlob: blob }))).toBe('DisabledException');
    await client.enableKey({ KeyId: key });
    await expect(client.decrypt({ CiphertextBlob: blob, KeyId: 'alias/kept' })).resolves.toBeDefined();
    await after.close();
    await rm(dataDir, { recursive: true });
  });
});
