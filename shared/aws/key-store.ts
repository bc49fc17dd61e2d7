/** The Encryption SDK's key store, a table of its own: what we do to its rows beside the Encryption SDK. */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { deleteItems } from './delete-items.ts';
import type { StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

const rowSchema = z.object({ type: z.string() });

/** Deletes a branch key: the active one, its versions, its beacon key. Returns the number of rows. Idempotent. */
export async function shredBranchKey(table: StateTable, branchKeyId: string): Promise<number> {
  let rows = 0;
  for (;;) {
    const types = await storing('dynamodb:Query', async () => await typesOf(table, branchKeyId));
    if (types.length === 0) return rows;
    await deleteItems(
      table,
      types.map((type) => ({ 'branch-key-id': branchKeyId, type })),
    );
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
  });
  const { Items = [] } = await client.send(command);
  return Items.map((row) => rowSchema.parse(row).type);
}
