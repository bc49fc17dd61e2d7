/**
 * The attacks of somebody who has the role of one function, or may edit the state table: through the deployed stack,
 * over HTTP, with the roles' own credentials.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateKeyCommand, DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  EVENT_BUS_ARN,
  INGEST_BUCKET,
  ISV_ACCOUNT,
  REGION,
  ROLE_ARNS,
  STATE_TABLE,
} from '../../laptop/names.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { kekItem, type ItemKey, parkedItem, removalItem, tenantItem } from '../../shared/aws/state-keys.ts';
import { NATIVE_EVENTS, TRAIL_EVENTS } from '../../shared/revocation/key-event-names.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { type Pipeline, startPipeline, type TenantName, TENANT_ACCOUNTS } from '../support/pipeline.ts';
import { TenantHand } from '../support/tenant-hand.ts';
import { uploadParked } from '../support/waiting-upload.ts';

const DATA_ROLES = ['ingest', 'encrypt', 'restore'] as const;
type DataRole = (typeof DATA_ROLES)[number];

const TableName = STATE_TABLE;
const denied = { name: 'AccessDeniedException' };
const ACME = tenantIdSchema.parse('acme');

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

function identityOf(role: DataRole): ReturnType<Pipeline['identity']> {
  return pipeline.identity(`${ISV_ACCOUNT}.sealstream-local-${role}`);
}

function tableAs(role: DataRole): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient(identityOf(role)));
}

/** Edits a row as somebody who may. */
async function edit(Key: ItemKey, attribute: string, value: unknown): Promise<void> {
  await pipeline.table.send(
    new UpdateCommand({
      TableName,
      Key,
      UpdateExpression: 'SET #attribute = :value',
      ExpressionAttributeNames: { '#attribute': attribute },
      ExpressionAttributeValues: { ':value': value },
    }),
  );
}

async function rowOf(Key: ItemKey): Promise<Record<string, unknown> | undefined> {
  return (await pipeline.table.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
}

describe.each(DATA_ROLES)('the role of %s', (role) => {
  test("cannot write another key into a tenant's record, whatever the operation", async () => {
    const table = tableAs(role);
    const Key = tenantItem(ACME);
    const before = await rowOf(Key);
    const stolen = { ':arn': await pipeline.kekArn('globex') };
    const Item = { ...before, kekArn: stolen[':arn'] };
    const UpdateExpression = 'SET kekArn = :arn';
    const update = { TableName, Key, UpdateExpression, ExpressionAttributeValues: stolen };
    const named = { UpdateExpression: 'SET #s = :arn', ExpressionAttributeNames: { '#s': 'kekArn' } };
    const attempts = [
      table.send(new UpdateCommand(update)),
      table.send(new UpdateCommand({ ...update, ...named })),
      table.send(new UpdateCommand({ ...update, UpdateExpression: `${UpdateExpression} REMOVE epoch` })),
      table.send(new PutCommand({ TableName, Item })),
      table.send(new BatchWriteCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item } }] } })),
      table.send(new TransactWriteCommand({ TransactItems: [{ Update: update }] })),
      table.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item } }] })),
      table.send(new DeleteCommand({ TableName, Key })),
    ];
    for (const outcome of await Promise.allSettled(attempts))
      expect(outcome).toMatchObject({ status: 'rejected', reason: denied });
    expect(await rowOf(Key)).toEqual(before);
  });

  test('writes the rows that its work needs and no others', async () => {
    const rows: readonly (readonly [string, ItemKey])[] = [
      ['record', tenantItem(ACME)],
      ['removal', removalItem(ACME)],
      ['list', { pk: 'tenants', sk: 'planted' }],
      ['kek', kekItem(await pipeline.kekArn('acme'), ACME)],
      ['heard', { pk: 'heard#planted', sk: 'heard' }],
      ['lease', { pk: 'lease', sk: 'planted' }],
      ['redrive', { pk: 'redrive', sk: 'planted' }],
      ['plan', { pk: `object#planted-${role}`, sk: 'planted' }],
      ['receipts', { pk: `receipts#planted-${role}#0`, sk: 'receipts' }],
      ['parked', { pk: `parked#planted-${role}`, sk: 'planted' }],
      ['rejection', { pk: 'rejection', sk: `planted-${role}` }],
    ];
    const table = tableAs(role);
    const written: string[] = [];
    const refusals: unknown[] = [];
    for (const [name, Key] of rows) {
      const attempts = {
        put: async () => await table.send(new PutCommand({ TableName, Item: { ...Key, planted: true } })),
        update: async () =>
          await table.send(new UpdateCommand({ TableName, Key, UpdateExpression: 'REMOVE planted' })),
        delete: async () => await table.send(new DeleteCommand({ TableName, Key })),
      };
      for (const [how, attempt] of Object.entries(attempts)) {
        const refusal = await attempt().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (refusal === undefined) written.push(`${how} ${name}`);
        else refusals.push(refusal);
      }
    }
    expect(refusals).toEqual(refusals.map(() => expect.objectContaining(denied)));
    expect(written).toEqual(
      {
        ingest: ['put plan', 'update plan', 'put rejection'],
        encrypt: ['put plan', 'update plan', 'update receipts', 'put parked', 'put rejection'],
        restore: [],
      }[role],
    );
  });

  test('cannot read the table through', async () => {
    const table = tableAs(role);
    await expect(table.send(new ScanCommand({ TableName }))).rejects.toMatchObject(denied);
    const query = {
      TableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': tenantItem(ACME).pk },
    };
    await expect(table.send(new QueryCommand(query))).rejects.toMatchObject(denied);
    const Key = parkedItem(ACME, 'x');
    await expect(table.send(new GetCommand({ TableName, Key }))).rejects.toMatchObject(denied);
  });

  test('cannot use a key of our own, though its policy leaves that to us', async () => {
    const ours = new KMSClient(pipeline.identity(ISV_ACCOUNT));
    const { KeyMetadata } = await ours.send(new CreateKeyCommand({}));
    const asked = { KeyId: KeyMetadata?.Arn, EncryptionContext: { 'tenant-id': 'acme' } };
    const made = await ours.send(new GenerateDataKeyCommand({ ...asked, NumberOfBytes: 32 }));
    const kms = new KMSClient(identityOf(role));
    const generate = new GenerateDataKeyCommand({ ...asked, NumberOfBytes: 32 });
    await expect(kms.send(generate)).rejects.toMatchObject(denied);
    const decrypt = new DecryptCommand({ ...asked, CiphertextBlob: made.CiphertextBlob });
    await expect(kms.send(decrypt)).rejects.toMatchObject(denied);
  });
});

test('the role of ingest cannot make a plan say that it is sealed, that a manifest is ours, or that nothing can be read: the source stays', async () => {
  const acme = new TenantHand(pipeline, 'acme');
  await pipeline.disableKey('acme');
  const uploaded = await uploadParked(pipeline, acme, 'never sealed');
  const ingest = tableAs('ingest');
  const Key = { pk: `object#${uploaded.objectId}`, sk: 'plan' };
  const forged = { ...(await pipeline.planOf(uploaded)), sealedAt: new Date().toISOString() };
  const writing = async (attribute: string, value: unknown): Promise<unknown> =>
    await ingest.send(
      new UpdateCommand({
        TableName,
        Key,
        UpdateExpression: 'SET #any = :value',
        ExpressionAttributeNames: { '#any': attribute },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
  const attempts = [
    ingest.send(new PutCommand({ TableName, Item: forged })),
    writing('sealedAt', forged.sealedAt),
    writing('manifestDigests', new Set(['of a manifest that somebody planted'])),
    writing('unreadable', { at: forged.sealedAt, reason: 'none' }),
    ingest.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item: forged } }] })),
    // This is denied whatever it would write, because AWS does not say that a transaction names its attributes.
    ingest.send(
      new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item: { ...Key, sk: 'any' } } }] }),
    ),
  ];
  for (const outcome of await Promise.allSettled(attempts))
    expect(outcome).toMatchObject({ status: 'rejected', reason: denied });
  expect(await pipeline.planOf(uploaded)).not.toHaveProperty('sealedAt');
  expect(await pipeline.exists(INGEST_BUCKET, 'acme/never sealed', uploaded.versionId)).toBe(true);
  await pipeline.advanceClock(1000);
  await pipeline.enableKey('acme');
  await acme.becomes('active');
  await pipeline.sealedInTime(uploaded);
});

describe('a record that names another tenant', () => {
  const Key = tenantItem(tenantIdSchema.parse('initech'));

  test('is refused by every function, and keeps nobody else from being served', async () => {
    const sealed = await pipeline.client.upload('initech', 'before', randomBytes(10));
    await pipeline.sealed(sealed);
    await edit(Key, 'tenantId', 'globex');
    await edit(Key, 'kekArn', await pipeline.kekArn('globex'));

    const invalid = { code: 'ERR_TENANT_INVALID', message: expect.stringContaining('tenant#initech') };
    await expect(pipeline.client.restore({ tenantId: 'initech', key: 'before' })).rejects.toMatchObject(
      invalid,
    );
    await expect(
      pipeline.client.invoke('onboard', { action: 'show', tenantId: 'initech' }),
    ).rejects.toMatchObject(invalid);
    const waiting = await pipeline.client.upload('initech', 'meanwhile', randomBytes(10));
    const listed = z
      .object({ tenants: z.array(z.looseObject({ tenantId: z.string() })), invalid: z.string() })
      .parse(await pipeline.client.invoke('onboard', { action: 'list' }));
    expect(listed.tenants.map(({ tenantId }) => tenantId)).toEqual(['acme', 'globex']);
    expect(listed.invalid).toContain('tenant#initech');
    expect(await pipeline.client.invoke('watch', {})).toMatchObject({ tenants: 2 });
    await pipeline.sealed(await pipeline.client.upload('acme', 'meanwhile', randomBytes(10)));
    // Nothing was planned or sealed for whom the record named.
    expect(await pipeline.planOf(waiting)).toBeUndefined();
    expect(await pipeline.vaultKeys('globex/objects/')).toEqual([]);

    await edit(Key, 'tenantId', 'initech');
    await edit(Key, 'kekArn', await keyOf('initech'));
    await pipeline.sealedInTime(waiting);
    expect(await pipeline.restored('initech', 'before')).toHaveLength(10);
  });

  test('among the holders of a key keeps nobody else from being revoked', async () => {
    const globex = new TenantHand(pipeline, 'globex');
    const umbrella = new TenantHand(pipeline, 'umbrella');
    await umbrella.register(await globex.kekArn());
    await edit(tenantItem(umbrella.tenantId), 'tenantId', 'globex');
    await pipeline.disableKey('globex');
    expect((await globex.becomes('revoked')).signal.name).toBe('DisableKey');
    await pipeline.advanceClock(1000);
    await pipeline.enableKey('globex');
    await globex.becomes('active');
    await edit(tenantItem(umbrella.tenantId), 'tenantId', 'umbrella');
  });
});

test('a row planted before the parked jobs of a tenant keeps none of them back, and is found by an operator', async () => {
  const globex = new TenantHand(pipeline, 'globex');
  await pipeline.disableKey('globex');
  const uploaded = await uploadParked(pipeline, globex, 'behind a planted row');
  const Item = { ...parkedItem(globex.tenantId, '000000000000000#planted'), job: 'planted' };
  await tableAs('encrypt').send(new PutCommand({ TableName, Item }));
  await pipeline.advanceClock(1000);
  await pipeline.enableKey('globex');
  await globex.becomes('active');
  await pipeline.sealedInTime(uploaded);
  expect(await pipeline.rejectionOf('000000000000000#planted')).toMatchObject({
    code: 'ERR_JOB_INVALID',
    functionName: 'unpark',
  });
});

test('rejected work comes in the order of time, as the query of the README asks for it', async () => {
  const bodies = ['first poison', 'second poison', 'third poison'];
  for (const body of bodies) {
    await pipeline.advanceClock(1000);
    await pipeline.send('chunks', body);
  }
  for (const body of bodies) await pipeline.rejectionOf(body);
  const rejected = (await pipeline.rejections()).map(({ body }) => String(body));
  expect(rejected.filter((body) => body.endsWith('poison'))).toEqual(bodies);
});

test('restore opens nothing that names no tenant, though a key would let it', async () => {
  const { tenantId, accountId, kms } = new TenantHand(pipeline, 'umbrella');
  const policy = keyPolicy({ tenantId, tenantAccountId: accountId, ...ROLE_ARNS });
  const Statement = policy.Statement.map((statement) => ({ ...statement, Condition: undefined }));
  const Policy = JSON.stringify({ ...policy, Statement });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy }));
  const restore = new KMSClient(identityOf('restore'));
  const opened = async (EncryptionContext: Record<string, string>) => {
    const asked = { KeyId: KeyMetadata?.Arn, EncryptionContext };
    const { CiphertextBlob } = await kms.send(new GenerateDataKeyCommand({ ...asked, NumberOfBytes: 32 }));
    return await restore.send(new DecryptCommand({ ...asked, CiphertextBlob }));
  };
  await expect(opened({})).rejects.toMatchObject(denied);
  await expect(opened({ purpose: 'something else' })).rejects.toMatchObject(denied);
  expect((await opened({ 'tenant-id': tenantId })).Plaintext).toHaveLength(32);
});

test('the upload queue takes messages for the ingest bucket alone', async () => {
  const QueueArn = `arn:aws:sqs:${REGION}:${ISV_ACCOUNT}:sealstream-local-uploads`;
  for (const account of [ISV_ACCOUNT, TENANT_ACCOUNTS.umbrella]) {
    const s3 = new S3Client({ ...pipeline.identity(account), forcePathStyle: true });
    const Bucket = `another-bucket-${account}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const QueueConfigurations = [{ Events: ['s3:ObjectCreated:*' as const], QueueArn }];
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: { QueueConfigurations },
      }),
    );
    await s3.send(new PutObjectCommand({ Bucket, Key: 'nobody/from-elsewhere', Body: 'x' }));
  }
  await pipeline.put(INGEST_BUCKET, 'nobody/from-here', Buffer.from('x'));
  await pipeline.rejectionOf('nobody/from-here');
  const bodies = (await pipeline.rejections()).map(({ body }) => String(body));
  expect(bodies.filter((body) => body.includes('another-bucket'))).toEqual([]);
});

test('the rule on our bus lists the events that revoke acts on, and no others', async () => {
  const events = new EventBridgeClient(pipeline.identity(ISV_ACCOUNT));
  const Name = 'sealstream-local-key-events';
  const { EventPattern = '' } = await events.send(
    new DescribeRuleCommand({ Name, EventBusName: EVENT_BUS_ARN }),
  );
  const patternSchema = z.strictObject({
    source: z.tuple([z.literal('aws.kms')]),
    $or: z.tuple([
      z.strictObject({ 'detail-type': z.array(z.string()) }),
      z.strictObject({ detail: z.strictObject({ eventName: z.array(z.string()) }) }),
    ]),
  });
  const [native, trail] = patternSchema.parse(JSON.parse(EventPattern)).$or;
  expect(native['detail-type'].toSorted()).toEqual(NATIVE_EVENTS.toSorted());
  expect(trail.detail.eventName.toSorted()).toEqual(TRAIL_EVENTS.toSorted());
});

/** The key that the tenant's account has; its record may name another. */
async function keyOf(tenant: TenantName): Promise<string> {
  const { Items = [] } = await pipeline.table.send(
    new ScanCommand({
      TableName,
      FilterExpression: 'begins_with(pk, :kek) AND sk = :tenant',
      ExpressionAttributeValues: { ':kek': 'kek#', ':tenant': tenant },
    }),
  );
  return String(Items[0]?.['pk']).slice('kek#'.length);
}
