/** Deletes items of a table, as many in one request as DynamoDB takes. */
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { StorageUnavailableError } from '../errors.ts';
import type { StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** DynamoDB's limit of one BatchWriteItem. */
const WRITES_PER_REQUEST = 25;

/**
 * Idempotent.
 * @throws StorageUnavailableError unless all were deleted
 */
export async function deleteItems(table: StateTable, keys: readonly Record<string, string>[]): Promise<void> {
  for (let start = 0; start < keys.length; start += WRITES_PER_REQUEST) {
    await deleteBatch(table, keys.slice(start, start + WRITES_PER_REQUEST));
  }
}

async function deleteBatch(
  { client, name }: StateTable,
  keys: readonly Record<string, string>[],
): Promise<void> {
  const requests = keys.map((Key) => ({ DeleteRequest: { Key } }));
  const command = new BatchWriteCommand({ RequestItems: { [name]: requests } });
  const { UnprocessedItems } = await storing(
    'dynamodb:BatchWriteItem',
    async () => await client.send(command),
  );
  if (UnprocessedItems?.[name] !== undefined)
    throw new StorageUnavailableError('dynamodb:BatchWriteItem was throttled');
}
