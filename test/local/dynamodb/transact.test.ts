import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  TransactGetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientConfig, ISV, rootCaller, type Services, startServices } from '../../support/services.ts';

const TableName = 'state';

describe('transactions', () => {
  let services: Services;
  let items: DynamoDBDocumentClient;

  beforeAll(async () => {
    services = await startServices();
    const client = new DynamoDBClient(clientConfig(services));
    items = DynamoDBDocumentClient.from(client);
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  });
  afterAll(async () => services.close());

  const transact = async (
    TransactItems: TransactWriteCommandInput['TransactItems'],
    ClientRequestToken?: string,
  ) => items.send(new TransactWriteCommand({ TransactItems, ClientRequestToken }));
  const read = async (pk: string) => (await items.send(new GetCommand({ TableName, Key: { pk } }))).Item;
  const absent = { ConditionExpression: 'attribute_not_exists(pk)' };

  test('write, update, delete and check together', async () => {
    const [made, changed, gone, checked] = Array.from({ length: 4 }, () => randomUUID());
    for (const pk of [changed, gone, checked])
      await items.send(new PutCommand({ TableName, Item: { pk, n: 1 } }));
    await transact([
      { Put: { TableName, Item: { pk: made }, ...absent } },
      {
        Update: {
          TableName,
          Key: { pk: changed },
          UpdateExpression: 'SET n = n + :one',
          ExpressionAttributeValues: { ':one': 1 },
        },
      },
      { Delete: { TableName, Key: { pk: gone } } },
      { ConditionCheck: { TableName, Key: { pk: checked }, ConditionExpression: 'attribute_exists(pk)' } },
    ]);
    expect(await read(made ?? '')).toEqual({ pk: made });
    expect(await read(changed ?? '')).toEqual({ pk: changed, n: 2 });
    expect(await read(gone ?? '')).toBeUndefined();
    expect(await read(checked ?? '')).toEqual({ pk: checked, n: 1 });
  });

  test('write nothing when one condition fails, and say which and why', async () => {
    const [fresh, taken] = [randomUUID(), randomUUID()];
    await items.send(new PutCommand({ TableName, Item: { pk: taken, owner: 'acme' } }));
    const error = await transact([
      { Put: { TableName, Item: { pk: fresh }, ...absent } },
      {
        Put: {
          TableName,
          Item: { pk: taken },
          ...absent,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
    ]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransactionCanceledException);
    expect(error).toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'ConditionalCheckFailed', Item: { owner: { S: 'acme' } } },
      ],
    });
    expect(await read(fresh)).toBeUndefined();
  });

  test('undo what was written when an update cannot be applied', async () => {
    const [written, replaced, text] = [randomUUID(), randomUUID(), randomUUID()];
    await items.send(new PutCommand({ TableName, Item: { pk: replaced, n: 1 } }));
    await items.send(new PutCommand({ TableName, Item: { pk: text, n: 'not a number' } }));
    const outcome = transact([
      { Put: { TableName, Item: { pk: written } } },
      { Put: { TableName, Item: { pk: replaced, n: 2 } } },
      {
        Update: {
          TableName,
          Key: { pk: text },
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': 1 },
        },
      },
    ]);
    await expect(outcome).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'None' }, { Code: 'ValidationError' }],
    });
    expect(await read(written)).toBeUndefined();
    expect(await read(replaced)).toEqual({ pk: replaced, n: 1 });
  });

  test('refuse two operations on one item, more than 100 items, and a mixed one', async () => {
    const pk = randomUUID();
    const put = { Put: { TableName, Item: { pk } } };
    const refused = { name: 'ValidationException' };
    await expect(transact([put, { Delete: { TableName, Key: { pk } } }])).rejects.toMatchObject(refused);
    await expect(transact([{ ...put, Delete: { TableName, Key: { pk } } }])).rejects.toMatchObject(refused);
    const many = Array.from({ length: 101 }, (_, at) => ({
      Put: { TableName, Item: { pk: `${pk}-${at}` } },
    }));
    await expect(transact(many)).rejects.toMatchObject(refused);
  });

  test('apply once per client request token, and refuse the token for anything else', async () => {
    const [pk, token] = [randomUUID(), randomUUID()];
    const add = (by: number) => ({
      Update: {
        TableName,
        Key: { pk },
        UpdateExpression: 'ADD n :by',
        ExpressionAttributeValues: { ':by': by },
      },
    });
    await transact([add(1)], token);
    await transact([add(1)], token);
    expect(await read(pk)).toEqual({ pk, n: 1 });
    await expect(transact([add(2)], token)).rejects.toMatchObject({
      name: 'IdempotentParameterMismatchException',
    });
    await services.clock.advance(600_001);
    await transact([add(2)], token);
    expect(await read(pk)).toEqual({ pk, n: 3 });
  });

  test('let exactly one of two that want the same items succeed, though both start at once', async () => {
    const puts = [randomUUID(), randomUUID()].map((pk) => ({
      Put: { TableName, Item: { pk: { S: pk } }, ...absent },
    }));
    const [first, second] = await Promise.allSettled(
      [puts, puts.toReversed()].map(async (TransactItems) =>
        services.dynamodb.call('TransactWriteItems', { TransactItems }, rootCaller()),
      ),
    );
    expect(first?.status).toBe('fulfilled');
    expect(second).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'TransactionCanceledException',
        members: {
          CancellationReasons: [{ Code: 'ConditionalCheckFailed' }, { Code: 'ConditionalCheckFailed' }],
        },
      },
    });
  });

  test('lose no increment between transactions and single writes at once', async () => {
    const pk = randomUUID();
    const update = {
      TableName,
      Key: { pk },
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': 1 },
    };
    const add = async (at: number) =>
      at % 2 === 0 ? transact([{ Update: update }]) : items.send(new UpdateCommand(update));
    await Promise.all(Array.from({ length: 40 }, async (_, at) => add(at)));
    expect(await read(pk)).toEqual({ pk, n: 40 });
  });

  test('read several items at one moment, whole or by projection', async () => {
    const pk = randomUUID();
    await items.send(new PutCommand({ TableName, Item: { pk, n: 1, m: 2 } }));
    const { Responses } = await items.send(
      new TransactGetCommand({
        TransactItems: [
          { Get: { TableName, Key: { pk }, ProjectionExpression: 'm' } },
          { Get: { TableName, Key: { pk: 'nobody' } } },
        ],
      }),
    );
    expect(Responses).toEqual([{ Item: { m: 2 } }, {}]);
  });

  test('need the permission of every part', async () => {
    const Resource = `arn:aws:dynamodb:us-east-1:${ISV}:table/${TableName}`;
    services.roles.put(`arn:aws:iam::${ISV}:role/putter`, [
      { Statement: { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource } },
    ]);
    const putter = DynamoDBDocumentClient.from(new DynamoDBClient(clientConfig(services, `${ISV}.putter`)));
    const put = { Put: { TableName, Item: { pk: randomUUID() } } };
    await putter.send(new TransactWriteCommand({ TransactItems: [put] }));
    const checked = { ConditionCheck: { TableName, Key: { pk: 'x' }, ...absent } };
    const both = new TransactWriteCommand({ TransactItems: [put, checked] });
    await expect(putter.send(both)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
