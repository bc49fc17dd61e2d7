/** The key store's table in memory, behind the SDK's own client: rows that tests may edit, copy and delete. */
import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { BranchKeyTable } from '../../shared/envelope/kms/key-store.ts';

export type Row = Record<string, AttributeValue>;

export interface MemoryKeyStore {
  readonly table: BranchKeyTable;
  /** By `{branch key id} {type}`. */
  readonly rows: Map<string, Row>;
}

const client = new DynamoDBClient({ region: 'us-east-1' });

export function memoryKeyStore(): MemoryKeyStore {
  const rows = new Map<string, Row>();
  async function send(command: unknown): Promise<object> {
    await new Promise(setImmediate);
    if (command instanceof GetItemCommand) return { Item: rows.get(nameOf(command.input.Key ?? {})) };
    if (!(command instanceof TransactWriteItemsCommand)) throw new Error('not done in memory');
    for (const { Put } of command.input.TransactItems ?? [])
      rows.set(nameOf(Put?.Item ?? {}), Put?.Item ?? {});
    return {};
  }
  const ddbClient: DynamoDBClient = Object.create(client, { send: { value: send, writable: true } });
  return { rows, table: { ddbTableName: 'key-store', ddbClient } };
}

function nameOf(row: Row): string {
  return `${row['branch-key-id']?.S} ${row['type']?.S}`;
}
