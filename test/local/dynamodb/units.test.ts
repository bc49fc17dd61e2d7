import { expect, test } from 'vitest';
import { unitsOf } from '../../../local/dynamodb/units.ts';

const Key = { pk: { S: 'a' } };

test.each([
  ['PutItem', { TableName: 't', Item: Key }, 1],
  ['UpdateItem', { TableName: 't', Key }, 1],
  ['GetItem', { TableName: 't', Key }, 0.5],
  ['GetItem', { TableName: 't', Key, ConsistentRead: true }, 1],
  ['Query', { TableName: 't', ConsistentRead: true }, 1],
  [
    'BatchGetItem',
    { RequestItems: { t: { Keys: [Key, Key] }, u: { Keys: [Key], ConsistentRead: true } } },
    2,
  ],
  ['BatchWriteItem', { RequestItems: { t: [{}, {}], u: [{}] } }, 3],
  ['TransactWriteItems', { TransactItems: [{}, {}] }, 4],
  ['TransactGetItems', { TransactItems: [{}] }, 2],
  ['BatchGetItem', { RequestItems: 'no' }, 1],
])('%s of %j consumes %d units', (operation, input, units) => {
  expect(unitsOf(operation, input)).toBe(units);
});
