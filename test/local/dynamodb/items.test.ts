import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBackupCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientConfig, ISV, type Services, startServices } from '../../support/services.ts';

const KEYS = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' as const },
    { AttributeName: 'sk', AttributeType: 'S' as const },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' as const },
    { AttributeName: 'sk', KeyType: 'RANGE' as const },
  ],
  BillingMode: 'PAY_PER_REQUEST' as const,
};

describe('tables and items', () => {
  let services: Services;
  let client: DynamoDBClient;
  let items: DynamoDBDocumentClient;

  beforeAll(async () => {
    services = await startServices();
    client = new DynamoDBClient(clientConfig(services));
    items = DynamoDBDocumentClient.from(client);
    await client.send(new CreateTableCommand({ TableName: 'state', ...KEYS }));
  });
  afterAll(async () => services.close());

  test('are written, updated, read and queried', async () => {
    const Key = key();
    await items.send(new PutCommand({ TableName: 'state', Item: { ...Key, chunks: 3 } }));
    const { Attributes } = await items.send(
      new UpdateCommand({
        TableName: 'state',
        Key,
        UpdateExpression: 'ADD written :one',
        ExpressionAttributeValues: { ':one': 1 },
        ReturnValues: 'ALL_NEW',
      }),
    );
    expect(Attributes).toEqual({ ...Key, chunks: 3, written: 1 });
    const { Items } = await items.send(
      new QueryCommand({
        TableName: 'state',
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': Key.pk },
      }),
    );
    expect(Items).toEqual([{ ...Key, chunks: 3, written: 1 }]);
  });

  test('are read in order and page by page, forwards and backwards, however many there are', async () => {
    const pk = randomUUID();
    const sorts = Array.from({ length: 230 }, (_, at) => String(at).padStart(3, '0'));
    for (let start = 0; start < sorts.length; start += 25) {
      const state = sorts.slice(start, start + 25).map((sk) => ({ PutRequest: { Item: { pk, sk } } }));
      await items.send(new BatchWriteCommand({ RequestItems: { state } }));
    }
    const read = async (input: Partial<QueryCommandInput>): Promise<string[]> => {
      const pages = paginateQuery(
        { client: items },
        {
          TableName: 'state',
          KeyConditionExpression: 'pk = :pk AND sk > :first',
          ExpressionAttributeValues: { ':pk': pk, ':first': '000' },
          ...input,
        },
      );
      const found: string[] = [];
      for await (const { Items = [] } of pages) found.push(...Items.map(({ sk }) => String(sk)));
      return found;
    };
    const expected = sorts.slice(1);
    expect(await read({})).toEqual(expected);
    expect(await read({ Limit: 100 })).toEqual(expected);
    expect(await read({ ScanIndexForward: false, Limit: 101 })).toEqual(expected.toReversed());
  });

  test('answer the item that failed a condition, where asked to', async () => {
    const Item = { ...key(), status: 'sealed' };
    await items.send(new PutCommand({ TableName: 'state', Item }));
    const put = {
      TableName: 'state',
      Item: { ...Item, status: 'planned' },
      ConditionExpression: 'attribute_not_exists(pk)',
    };
    await expect(items.send(new PutCommand(put))).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: undefined,
    });
    const asking = new PutCommand({ ...put, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
    await expect(items.send(asking)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { status: { S: 'sealed' } },
    });
  });

  test('hold a condition under concurrent writers: one wins', async () => {
    const Key = key();
    const claims = Array.from({ length: 16 }, (_, owner) =>
      items.send(
        new PutCommand({
          TableName: 'state',
          Item: { ...Key, owner },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
    const outcomes = await Promise.allSettled(claims);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('are missing in tables that do not exist, and in the same table of another account', async () => {
    const get = new GetCommand({ TableName: 'nowhere', Key: key() });
    await expect(items.send(get)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const other = new DynamoDBClient(clientConfig(services, '111111111111'));
    expect((await other.send(new ListTablesCommand({}))).TableNames).toEqual([]);
  });

  test('know their ARN and state', async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'state' }));
    expect(Table).toMatchObject({
      TableArn: `arn:aws:dynamodb:us-east-1:${ISV}:table/state`,
      TableStatus: 'ACTIVE',
    });
    const again = client.send(new CreateTableCommand({ TableName: 'state', ...KEYS }));
    await expect(again).rejects.toMatchObject({ name: 'ResourceInUseException' });
  });

  test('expire by the clock once the table has a time to live', async () => {
    const TableName = `ttl-${randomUUID()}`;
    await client.send(new CreateTableCommand({ TableName, ...KEYS }));
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expiresAt' };
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    const described = await client.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(described.TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'ENABLED',
      AttributeName: 'expiresAt',
    });
    await expect(
      client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    const expiresAt = Math.floor(services.clock.now() / 1000) + 3600;
    const [mortal, immortal] = [key(), key()];
    await items.send(new PutCommand({ TableName, Item: { ...mortal, expiresAt } }));
    await items.send(new PutCommand({ TableName, Item: immortal }));
    await services.clock.advance(3_000_000);
    expect((await items.send(new GetCommand({ TableName, Key: mortal }))).Item).toBeDefined();
    await services.clock.advance(700_000);
    expect((await items.send(new GetCommand({ TableName, Key: mortal }))).Item).toBeUndefined();
    expect((await items.send(new GetCommand({ TableName, Key: immortal }))).Item).toBeDefined();
  });

  test('are open to a role as far as their partition keys are', async () => {
    const Resource = `arn:aws:dynamodb:us-east-1:${ISV}:table/state`;
    const Condition = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['mine#*'] } };
    services.roles.put(`arn:aws:iam::${ISV}:role/confined`, [
      { Statement: { Effect: 'Allow', Action: 'dynamodb:*', Resource, Condition } },
    ]);
    const confined = DynamoDBDocumentClient.from(
      new DynamoDBClient(clientConfig(services, `${ISV}.confined`)),
    );
    const TableName = 'state';
    const mine = { pk: 'mine#1', sk: 'a' };
    const theirs = { pk: 'theirs#1', sk: 'a' };
    const requests = (Key: typeof mine) => [
      confined.send(new PutCommand({ TableName, Item: Key })),
      confined.send(new GetCommand({ TableName, Key })),
      confined.send(new BatchGetCommand({ RequestItems: { state: { Keys: [{ ...mine, sk: 'b' }, Key] } } })),
      confined.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': 'pk' },
          ExpressionAttributeValues: { ':pk': Key.pk },
        }),
      ),
      confined.send(new TransactWriteCommand({ TransactItems: [{ Delete: { TableName, Key } }] })),
    ];
    await Promise.all(requests(mine));
    const outcomes = await Promise.allSettled(requests(theirs));
    expect(outcomes).toEqual(
      outcomes.map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({ name: 'AccessDeniedException' }),
      })),
    );
  });

  test('are open to a role as far as its statements go', async () => {
    const Resource = `arn:aws:dynamodb:us-east-1:${ISV}:table/state`;
    services.roles.put(`arn:aws:iam::${ISV}:role/reader`, [
      { Statement: { Effect: 'Allow', Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem'], Resource } },
    ]);
    const reader = DynamoDBDocumentClient.from(new DynamoDBClient(clientConfig(services, `${ISV}.reader`)));
    const Key = key();
    await reader.send(new GetCommand({ TableName: 'state', Key }));
    await reader.send(new BatchGetCommand({ RequestItems: { state: { Keys: [Key] } } }));
    await expect(reader.send(new PutCommand({ TableName: 'state', Item: Key }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('refuse what is not implemented instead of ignoring it', async () => {
    const backup = client.send(new CreateBackupCommand({ TableName: 'state', BackupName: 'b' }));
    await expect(backup).rejects.toMatchObject({ name: 'NotImplemented' });
    const StreamSpecification = { StreamEnabled: true };
    const streaming = new CreateTableCommand({ TableName: 'streaming', ...KEYS, StreamSpecification });
    await expect(client.send(streaming)).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  });

  test('survive a restart, with their time to live', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'dynamodb-'));
    const before = await startServices(dataDir);
    const first = new DynamoDBClient(clientConfig(before));
    await first.send(new CreateTableCommand({ TableName: 'kept', ...KEYS }));
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expiresAt' };
    await first.send(new UpdateTimeToLiveCommand({ TableName: 'kept', TimeToLiveSpecification }));
    const Item = key();
    await DynamoDBDocumentClient.from(first).send(new PutCommand({ TableName: 'kept', Item }));
    await before.close();
    const after = await startServices(dataDir);
    const second = new DynamoDBClient(clientConfig(after));
    const read = await DynamoDBDocumentClient.from(second).send(
      new GetCommand({ TableName: 'kept', Key: Item }),
    );
    expect(read.Item).toEqual(Item);
    const { TimeToLiveDescription } = await second.send(new DescribeTimeToLiveCommand({ TableName: 'kept' }));
    expect(TimeToLiveDescription?.TimeToLiveStatus).toBe('ENABLED');
    await after.close();
    await rm(dataDir, { recursive: true });
  });
});

function key(): { pk: string; sk: string } {
  return { pk: randomUUID(), sk: 'plan' };
}
