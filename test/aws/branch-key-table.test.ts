import { GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { branchKeyTable } from '../../shared/aws/branch-key-table.ts';

const KEY = { 'branch-key-id': { S: 'acme.1' }, type: { S: 'branch:ACTIVE' } };
const PUT = { Put: { TableName: 'key-store', Item: KEY } };

test.each([
  ['dynamodb:GetItem', new GetItemCommand({ TableName: 'key-store', Key: KEY })],
  ['dynamodb:TransactWriteItems', new TransactWriteItemsCommand({ TransactItems: [PUT] })],
] as const)('a key store that does not answer %s is an outage of that name', async (operation, command) => {
  const { ddbClient } = branchKeyTable('key-store');
  let asked: object = {};
  ddbClient.middlewareStack.add(() => (args) => {
    asked = args.input;
    return Promise.reject(Object.assign(new Error('no'), { name: 'TimeoutError' }));
  });
  const sent = command instanceof GetItemCommand ? ddbClient.send(command) : ddbClient.send(command);
  await expect(sent).rejects.toMatchObject({
    code: 'ERR_STORAGE_UNAVAILABLE',
    message: `${operation} answered TimeoutError`,
  });
  expect('ConsistentRead' in asked).toBe(operation === 'dynamodb:GetItem');
});
