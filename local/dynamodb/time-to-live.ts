/**
 * Time to live: the attribute of a table that holds it, and the sweep that deletes expired items. AWS sweeps within
 * days and answers expired items until then. This sweep runs once a minute and at every jump of the clock.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { readInput } from '../front/operation-input.ts';
import { AwsError } from '../front/service.ts';
import type { Engine, Input, Item } from './engine.ts';
import { validationException } from './transact-entries.ts';

export interface TimeToLive {
  /**
   * Enables or disables the time to live of a table.
   * @throws ValidationException when it is so already
   */
  update(input: Input): Promise<object>;
  describe(input: Input): Promise<object>;
  forget(table: string): Promise<void>;
  /** Deletes every expired item. */
  sweep(nowMs: number): Promise<void>;
}

const updateSchema = z.strictObject({
  TableName: z.string(),
  TimeToLiveSpecification: z.strictObject({
    Enabled: z.boolean(),
    AttributeName: z.string().min(1).max(255),
  }),
});
const itemsSchema = z.array(z.record(z.string(), z.unknown()));
const attributesSchema = z.record(z.string(), z.string());
/** AWS does not delete items that expired longer ago than this. */
const FIVE_YEARS_SECONDS = 5 * 365 * 24 * 3600;

/** Opens the time to live of a store. `file` holds attribute names by table; without it they stay in memory. */
export async function openTimeToLive(engine: Engine, file: string | undefined): Promise<TimeToLive> {
  const attributes = new Map(Object.entries(file === undefined ? {} : await load(file)));
  const save = async (): Promise<void> => {
    if (file === undefined) return;
    await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(attributes)));
    await rename(`${file}.new`, file);
  };
  return {
    async update(input) {
      const { TableName, TimeToLiveSpecification } = readInput(updateSchema, input, validationException);
      await engine.run('DescribeTable', { TableName });
      const { Enabled, AttributeName } = TimeToLiveSpecification;
      if (Enabled === attributes.has(TableName))
        throw validationException(`TimeToLive is already ${Enabled ? 'enabled' : 'disabled'}`);
      if (Enabled) attributes.set(TableName, AttributeName);
      else attributes.delete(TableName);
      await save();
      return { TimeToLiveSpecification };
    },
    async describe(input) {
      await engine.run('DescribeTable', { TableName: input['TableName'] });
      const AttributeName = attributes.get(String(input['TableName']));
      const TimeToLiveStatus = AttributeName === undefined ? 'DISABLED' : 'ENABLED';
      return { TimeToLiveDescription: { TimeToLiveStatus, AttributeName } };
    },
    async forget(table) {
      if (attributes.delete(table)) await save();
    },
    async sweep(nowMs) {
      for (const [table, attribute] of attributes) await sweepTable(engine, table, attribute, nowMs);
    },
  };
}

async function sweepTable(engine: Engine, table: string, attribute: string, nowMs: number): Promise<void> {
  const nowSeconds = Math.floor(nowMs / 1000);
  const keyNames = engine.keyNames(table);
  for await (const item of scanExpired(engine, table, attribute, nowSeconds)) {
    const key = Object.fromEntries(keyNames.map((name) => [name, item[name]]));
    deleteUnchanged(engine, table, key, attribute, item);
  }
}

async function* scanExpired(
  engine: Engine,
  table: string,
  attribute: string,
  nowSeconds: number,
): AsyncGenerator<Item> {
  let start: unknown;
  do {
    const page = await engine.run('Scan', {
      TableName: table,
      FilterExpression: '#ttl BETWEEN :oldest AND :now',
      ExpressionAttributeNames: { '#ttl': attribute },
      ExpressionAttributeValues: {
        ':now': { N: String(nowSeconds - 1) },
        ':oldest': { N: String(nowSeconds - FIVE_YEARS_SECONDS) },
      },
      ExclusiveStartKey: start,
    });
    yield* itemsSchema.parse(page['Items']);
    start = page['LastEvaluatedKey'];
  } while (start !== undefined);
}

/** Deletes an item unless a writer has moved its time meanwhile. */
function deleteUnchanged(engine: Engine, table: string, key: object, attribute: string, item: Item): void {
  const condition = {
    ConditionExpression: '#ttl = :seen',
    ExpressionAttributeNames: { '#ttl': attribute },
    ExpressionAttributeValues: { ':seen': item[attribute] },
  };
  try {
    engine.now('DeleteItem', { TableName: table, Key: key, ...condition });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ConditionalCheckFailedException') throw error;
  }
}

async function load(file: string): Promise<Record<string, string>> {
  try {
    return attributesSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
