/**
 * Reads of single items that travel together: all that are asked for within one turn of the event loop share a
 * BatchGetItem. Nothing is kept, so each read sees what was written before it was asked for.
 */
import {
  BatchGetCommand,
  type BatchGetCommandOutput,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import DataLoader from 'dataloader';
import { StorageUnavailableError } from '../errors.ts';
import { mapStorageFailure } from './storage-failure.ts';

type Item = Readonly<Record<string, unknown>>;

/** DynamoDB's limit on one BatchGetItem. */
const KEYS_PER_REQUEST = 100;
const OPERATION = 'dynamodb:BatchGetItem';

/**
 * Makes a reader of one table. It reads an item strongly consistent, and returns undefined when there is none. A
 * request that fails does so for all reads that share it; a key that DynamoDB left out concerns its own reads alone.
 */
export function batchGet(
  client: DynamoDBDocumentClient,
  TableName: string,
): (key: object) => Promise<Item | undefined> {
  async function readAll(keys: readonly object[]): Promise<(Item | undefined | Error)[]> {
    const nameOf = namesBy(Object.keys(keys[0] ?? {}));
    const names = keys.map(nameOf);
    // DynamoDB refuses a request that names a key twice.
    const once = keys.filter((_key, at) => names.indexOf(names[at] ?? '') === at);
    const request = { Keys: once.map((key) => ({ ...key })), ConsistentRead: true };
    const command = new BatchGetCommand({ RequestItems: { [TableName]: request } });
    const send = async (): Promise<BatchGetCommandOutput> => await client.send(command);
    const { Responses, UnprocessedKeys } = await mapStorageFailure(OPERATION, send);
    const items = new Map(Responses?.[TableName]?.map((item) => [nameOf(item), item]));
    const leftOut = new Set(UnprocessedKeys?.[TableName]?.Keys?.map(nameOf));
    return names.map((name) => (leftOut.has(name) ? throttled() : items.get(name)));
  }
  const reads = new DataLoader(readAll, { cache: false, maxBatchSize: KEYS_PER_REQUEST });
  return async (key) => await reads.load(key);
}

/** Makes one text of the values that an item has for the attributes of the key. */
function namesBy(attributes: readonly string[]): (item: object) => string {
  return (item) => JSON.stringify(attributes.map((attribute): unknown => Reflect.get(item, attribute)));
}

function throttled(): StorageUnavailableError {
  return new StorageUnavailableError(`${OPERATION} was throttled`);
}
