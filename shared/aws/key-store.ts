/** The Encryption SDK's key store, a table of its own: what we do to its rows beside the Encryption SDK. */
import { BatchWriteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { StorageUnavailableError } from '../errors.ts';
import type { StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** DynamoDB's limit of one BatchWriteItem. */
const PAGE_ROWS = 25;

const rowSchema = z.object({ type: z.string() });

/** Deletes a branch key: the active one, its versions, its beacon key. Returns the number of rows. Idempotent. */
export async function shredBranchKey(table: StateTable, branchKeyId: string): Promise<number> {
  let rows = 0;
  for (;;) {
    const types = await storing('dynamodb:Query', async () => await typesOf(table, branchKeyId));
    if (types.length === 0) return rows;
    await deleteRows(table, branchKeyId, types);
    rows += types.length;
  }
}

async function typesOf({ client, name }: StateTable, branchKeyId: string): Promise<readonly string[]> {
  const command = new QueryCommand({
    TableName: name,
    KeyConditionExpression: '#id = :id',
    ExpressionAttributeNames: { '#id': 'branch-key-id' },
    ExpressionAttributeValues: { ':id': branchKeyId },
    ConsistentRead: true,
    Limit: PAGE_ROWS,
  });
  const { Items = [] } = await client.send(command);
  return Items.map((row) => rowSchema.parse(row).type);
}

async function deleteRows(
  { client, name }: StateTable,
  branchKeyId: string,
  types: readonly string[],
): Promise<void> {
  const requests = types.map((type) => ({
    DeleteRequest: { Key: { 'branch-key-id': branchKeyId, type } },
  }));
  const command = new BatchWriteCommand({ RequestItems: { [name]: requests } });
  const { UnprocessedItems } = await storing(
    'dynamodb:BatchWriteItem',
    async () => await client.send(command),
  );
  if (UnprocessedItems?.[name] !== undefined)
    throw new StorageUnavailableError('dynamodb:BatchWriteItem was throttled');
}
