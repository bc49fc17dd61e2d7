/**
 * One DynamoDB table. Every read is strongly consistent, a condition that does not hold is an answer and no failure,
 * requests are no larger than DynamoDB takes, and each failure is one of our storage errors.
 */
import {
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { StorageUnavailableError } from '../errors.ts';
import { batchGet } from './batch-get.ts';
import { inBatches } from './batches.ts';
import { isWritten, itemInTheWay, unlessFailed } from './conditional-write.ts';
import {
  ABSENT,
  type Condition,
  conditional,
  type Query,
  queryInput,
  transactItem,
  type Update,
  updateInput,
  type Write,
} from './expressions.ts';
import { mapStorageFailure } from './storage-failure.ts';

export interface Table {
  get(key: object, signal?: AbortSignal): Promise<Item | undefined>;
  /** Reads an item in one request with all others that are asked for within this turn of the event loop. */
  getTogether(key: object): Promise<Item | undefined>;
  put(item: object): Promise<void>;
  /** Returns false when the condition does not hold. */
  putIf(item: object, condition: Condition): Promise<boolean>;
  /** Puts the item unless its key has one. Returns the one that is there already. */
  putFirst(item: object): Promise<Item | undefined>;
  /** Returns false when the condition does not hold. */
  update(key: object, update: Update): Promise<boolean>;
  /** Returns the item as the update left it; undefined when the condition does not hold. */
  updated(key: object, update: Update): Promise<Item | undefined>;
  deleteIf(key: object, condition: Condition): Promise<void>;
  /** Deletes any number of items. Idempotent. Throws unless all were deleted. */
  deleteAll(keys: readonly object[]): Promise<void>;
  /** Does all the writes or none. Returns false when a condition does not hold. */
  writeAtOnce(writes: readonly Write[]): Promise<boolean>;
  /** Reads the first page of a query. */
  page(query: Query): Promise<readonly Item[]>;
  /** Reads a query page by page. */
  pages(query: Query): AsyncGenerator<readonly Item[]>;
  count(query: Query): Promise<number>;
}

export type Item = Readonly<Record<string, unknown>>;

/** DynamoDB's limit on one BatchWriteItem. */
const WRITES_PER_REQUEST = 25;

export function openTable(client: DynamoDBDocumentClient, TableName: string): Table {
  async function deleteSome(keys: readonly object[]): Promise<void> {
    const requests = keys.map((key) => ({ DeleteRequest: { Key: { ...key } } }));
    const command = new BatchWriteCommand({ RequestItems: { [TableName]: requests } });
    const { UnprocessedItems } = await map('BatchWriteItem', async () => await client.send(command));
    if (UnprocessedItems?.[TableName] !== undefined)
      throw new StorageUnavailableError('dynamodb:BatchWriteItem was throttled');
  }

  return {
    async get(key, signal) {
      const command = new GetCommand({ TableName, Key: { ...key }, ConsistentRead: true });
      const options = { abortSignal: signal };
      return (await map('GetItem', async () => await client.send(command, options))).Item;
    },
    getTogether: batchGet(client, TableName),
    async put(item) {
      const command = new PutCommand({ TableName, Item: { ...item } });
      await map('PutItem', async () => await client.send(command));
    },
    async putIf(item, condition) {
      const command = new PutCommand({ TableName, Item: { ...item }, ...conditional(condition) });
      return await map('PutItem', async () => (await unlessFailed(client.send(command))) !== undefined);
    },
    async putFirst(item) {
      const command = new PutCommand({
        TableName,
        Item: { ...item },
        ...conditional(ABSENT),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return await map('PutItem', async () => await itemInTheWay(client.send(command)));
    },
    async update(key, update) {
      const command = new UpdateCommand({ TableName, ...updateInput(key, update) });
      return await map('UpdateItem', async () => (await unlessFailed(client.send(command))) !== undefined);
    },
    async updated(key, update) {
      const command = new UpdateCommand({ TableName, ...updateInput(key, update), ReturnValues: 'ALL_NEW' });
      const answer = await map('UpdateItem', async () => await unlessFailed(client.send(command)));
      return answer && (answer.Attributes ?? {});
    },
    async deleteIf(key, condition) {
      const command = new DeleteCommand({ TableName, Key: { ...key }, ...conditional(condition) });
      await map('DeleteItem', async () => await unlessFailed(client.send(command)));
    },
    async deleteAll(keys) {
      await inBatches(keys, { items: WRITES_PER_REQUEST, requestsAtOnce: 1 }, deleteSome);
    },
    async writeAtOnce(writes) {
      const TransactItems = writes.map((write) => transactItem(TableName, write));
      const command = new TransactWriteCommand({ TransactItems });
      return await map('TransactWriteItems', async () => await isWritten(client.send(command)));
    },
    async page(query) {
      const command = new QueryCommand({ TableName, ...queryInput(query) });
      return (await map('Query', async () => await client.send(command))).Items ?? [];
    },
    async *pages(query) {
      const input = { TableName, ...queryInput(query) };
      const pages = paginateQuery({ client, pageSize: query.pageItems }, input)[Symbol.asyncIterator]();
      for (;;) {
        const page = await map('Query', async () => await pages.next());
        if (page.done === true) return;
        yield page.value.Items ?? [];
      }
    },
    async count(query) {
      let items = 0;
      await map('Query', async () => {
        const input = { TableName, ...queryInput(query), Select: 'COUNT' as const };
        for await (const { Count = 0 } of paginateQuery({ client }, input)) items += Count;
      });
      return items;
    },
  };
}

async function map<T>(operation: string, call: () => Promise<T>): Promise<T> {
  return await mapStorageFailure(`dynamodb:${operation}`, call);
}
