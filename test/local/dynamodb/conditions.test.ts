/** The condition keys of DynamoDB, as a role's policy uses them over HTTP. */
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
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
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PolicyStatement } from '../../../local/iam/authorizer.ts';
import { requestedAttributes } from '../../../local/dynamodb/requested-attributes.ts';
import { tableOf } from '../../support/dynamo-table.ts';
import { clientConfig, ISV, type Services, startServices } from '../../support/services.ts';

const TableName = 'state';
const Resource = `arn:aws:dynamodb:us-east-1:${ISV}:table/${TableName}`;
const Key = { pk: 'tenant#acme', sk: 'tenant' };

let services: Services;
beforeAll(async () => {
  services = await startServices();
  await tableOf(services);
});
afterAll(async () => {
  await services.close();
});

/** Makes a role that may do everything when `Condition` holds; `more` are further statements. */
function roleWith(
  Condition: PolicyStatement['Condition'],
  ...more: readonly PolicyStatement[]
): DynamoDBDocumentClient {
  const name = `role-${randomUUID()}`;
  const allow: PolicyStatement = { Effect: 'Allow', Action: 'dynamodb:*', Resource, Condition };
  services.roles.put(`arn:aws:iam::${ISV}:role/${name}`, [
    { Version: '2012-10-17', Statement: [allow, ...more] },
  ]);
  return DynamoDBDocumentClient.from(new DynamoDBClient(clientConfig(services, `${ISV}.${name}`)));
}

/** Returns a query in the form that it had before there were expressions. */
function queryOf(pk: string): QueryCommand {
  const KeyConditions = { pk: { ComparisonOperator: 'EQ' as const, AttributeValueList: [pk] } };
  return new QueryCommand({ TableName, KeyConditions });
}

const denied = { name: 'AccessDeniedException' };

describe('dynamodb:Attributes', () => {
  const Condition = {
    'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'status', 'note'] },
    Null: { 'dynamodb:Attributes': 'false' },
  };
  const update = { TableName, Key };

  test('confines an update to some attributes, those within a map included', async () => {
    const role = roleWith(Condition);
    await role.send(
      new UpdateCommand({
        ...update,
        UpdateExpression: 'SET #status = :status, note = :note',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':status': 'revoked', ':note': { at: 'now' } },
      }),
    );
    await role.send(
      new UpdateCommand({
        ...update,
        UpdateExpression: 'SET note.#at = if_not_exists(note.#at, :at) REMOVE note.reason',
        ConditionExpression: 'attribute_exists(pk) AND NOT #status IN (:a, :b) AND size(note) > :zero',
        ExpressionAttributeNames: { '#at': 'at', '#status': 'status' },
        ExpressionAttributeValues: { ':at': 'then', ':a': 'x', ':b': 'y', ':zero': 0 },
      }),
    );
    const { Item } = await role.send(new GetCommand({ TableName, Key }));
    expect(Item).toEqual({ ...Key, status: 'revoked', note: { at: 'now' } });
  });

  test.each([
    ['written', { UpdateExpression: 'SET kekArn = :v', ExpressionAttributeValues: { ':v': 'x' } }],
    [
      'written under another name',
      {
        UpdateExpression: 'SET #status = :v',
        ExpressionAttributeNames: { '#status': 'kekArn' },
        ExpressionAttributeValues: { ':v': 'x' },
      },
    ],
    ['removed', { UpdateExpression: 'REMOVE kekArn' }],
    ['added to', { UpdateExpression: 'ADD epoch :v', ExpressionAttributeValues: { ':v': 1 } }],
    ['read into another', { UpdateExpression: 'SET note = kekArn' }],
    [
      'only compared',
      {
        UpdateExpression: 'SET note = :v',
        ConditionExpression: 'begins_with(kekArn, :v)',
        ExpressionAttributeValues: { ':v': 'x' },
      },
    ],
    [
      'written as before there were expressions',
      { AttributeUpdates: { kekArn: { Value: 'x', Action: 'PUT' } } },
    ],
  ] as const)('refuses an update where another attribute is %s', async (_how, input) => {
    await expect(roleWith(Condition).send(new UpdateCommand({ ...update, ...input }))).rejects.toMatchObject(
      denied,
    );
  });

  test('counts every attribute of an item that is put, in a batch and a transaction too', async () => {
    const role = roleWith(Condition);
    const whole = { ...Key, status: 'active' };
    const Item = { ...whole, kekArn: 'x' };
    await role.send(new PutCommand({ TableName, Item: whole }));
    await role.send(new BatchWriteCommand({ RequestItems: { state: [{ PutRequest: { Item: whole } }] } }));
    const refused = [
      role.send(new PutCommand({ TableName, Item })),
      role.send(new BatchWriteCommand({ RequestItems: { state: [{ PutRequest: { Item } }] } })),
      role.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item } }] })),
    ];
    for (const request of refused) await expect(request).rejects.toMatchObject(denied);
  });

  test('counts what is asked for by name, and nothing of an item that is read whole', async () => {
    const role = roleWith(Condition);
    await role.send(new GetCommand({ TableName, Key }));
    const refused = [
      role.send(
        new GetCommand({
          TableName,
          Key,
          ProjectionExpression: '#s, kekArn',
          ExpressionAttributeNames: { '#s': 'status' },
        }),
      ),
      role.send(
        new BatchGetCommand({ RequestItems: { state: { Keys: [Key], ProjectionExpression: 'kekArn' } } }),
      ),
      role.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          FilterExpression: 'kekArn <> :pk',
          ExpressionAttributeValues: { ':pk': Key.pk },
        }),
      ),
    ];
    for (const request of refused) await expect(request).rejects.toMatchObject(denied);
  });

  test('makes a denial of some attributes possible, whatever else an item has', async () => {
    const Deny: PolicyStatement = {
      Effect: 'Deny',
      Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
      Resource,
      Condition: { 'ForAnyValue:StringLike': { 'dynamodb:Attributes': 'sealed*' } },
    };
    const role = roleWith({}, Deny);
    const Item = { pk: 'object#1', sk: 'plan', anything: 1 };
    await role.send(new PutCommand({ TableName, Item }));
    const sealed = { ...Item, sealedAt: 'now' };
    await expect(role.send(new PutCommand({ TableName, Item: sealed }))).rejects.toMatchObject(denied);
    const forged = new UpdateCommand({
      TableName,
      Key: { pk: 'object#1', sk: 'plan' },
      UpdateExpression: 'SET #any = :now',
      ExpressionAttributeNames: { '#any': 'sealedBy' },
      ExpressionAttributeValues: { ':now': 'now' },
    });
    await expect(role.send(forged)).rejects.toMatchObject(denied);
  });

  test('is not there where a request is not one that DynamoDB takes', () => {
    expect(requestedAttributes({ Key: 5 })).toEqual([]);
    expect(requestedAttributes('nothing')).toEqual([]);
    expect(requestedAttributes({ Key: { pk: {} }, Expected: null })).toEqual(['pk']);
  });
});

describe('dynamodb:LeadingKeys', () => {
  const Condition = {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['tenant#*'] },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  };

  test('is not there for a Scan, which a policy that wants it refuses', async () => {
    await expect(roleWith(Condition).send(new ScanCommand({ TableName }))).rejects.toMatchObject(denied);
  });

  test('is known of a Query without an expression', async () => {
    const role = roleWith(Condition);
    await role.send(queryOf('tenant#acme'));
    await expect(role.send(queryOf('object#1'))).rejects.toMatchObject(denied);
  });

  test('needs a set operator, as every key that may have several values', async () => {
    const plain = roleWith({ StringLike: { 'dynamodb:LeadingKeys': ['tenant#*'] } });
    await expect(plain.send(new GetCommand({ TableName, Key }))).rejects.toMatchObject(denied);
  });
});

test('what an operation answers, and what encloses it, can be asked for', async () => {
  const answers = roleWith({ StringEquals: { 'dynamodb:ReturnValues': 'NONE' } });
  await answers.send(new DeleteCommand({ TableName, Key }));
  const whole = new DeleteCommand({ TableName, Key, ReturnValues: 'ALL_OLD' });
  await expect(answers.send(whole)).rejects.toMatchObject(denied);

  const alone = roleWith({ Null: { 'dynamodb:EnclosingOperation': 'true' } });
  await alone.send(new DeleteCommand({ TableName, Key }));
  const enclosed = new TransactWriteCommand({ TransactItems: [{ Delete: { TableName, Key } }] });
  await expect(alone.send(enclosed)).rejects.toMatchObject(denied);

  const counting = roleWith({ StringEquals: { 'dynamodb:Select': 'COUNT' } });
  const query = {
    TableName,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': Key.pk },
  };
  await counting.send(new QueryCommand({ ...query, Select: 'COUNT' }));
  await expect(counting.send(new QueryCommand(query))).rejects.toMatchObject(denied);
});
