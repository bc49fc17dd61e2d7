/**
 * The local DynamoDB. dynalite has the tables, items, queries and expressions. Around it stands what dynalite
 * lacks: transactions, time to live, the item of a failed condition, access control, and tables per account and
 * region.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalClock } from '../front/clock.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import { AwsError, type Caller, type JsonService } from '../front/service.ts';
import { requireTableAccess } from './access.ts';
import { type Engine, type Input, type ItemOperation, openEngine } from './engine.ts';
import { openTimeToLive, type TimeToLive } from './time-to-live.ts';
import { type TransactContext, transactGet, transactWrite } from './transact.ts';
import { unitsOf } from './units.ts';

export interface DynamoDbOptions {
  /** Default: nothing outlives the process. */
  readonly dataDir?: string;
  readonly clock: LocalClock;
  readonly authorizer: Authorizer;
  /** Called when a sweep of expired items fails. Default: writes a line on stderr. */
  readonly onCrash?: (error: unknown) => void;
}

export interface DynamoDb extends JsonService {
  close(): Promise<void>;
}

/** The tables of one account in one region. */
interface Tables extends TransactContext {
  readonly timeToLive: TimeToLive;
}

const SWEEP_MS = 60_000;

export function createDynamoDb({ dataDir, clock, authorizer, ...options }: DynamoDbOptions): DynamoDb {
  const onCrash = options.onCrash ?? ((error) => console.error(error));
  const partitions = new Map<string, Promise<Tables>>();
  const tablesOf = async ({ principal, region }: Caller): Promise<Tables> => {
    const name = `${principal.accountId}-${region}`;
    const opening = partitions.get(name) ?? openTables(dataDir, principal.accountId, region, clock);
    partitions.set(name, opening);
    return opening;
  };
  const sweep = async (): Promise<void> => {
    for (const opening of partitions.values()) await (await opening).timeToLive.sweep(clock.now());
  };
  const timer = setInterval(() => void sweep().catch(onCrash), SWEEP_MS).unref();
  const unsubscribe = clock.onAdvance(sweep);
  return {
    async call(operation, input, caller) {
      const tables = await tablesOf(caller);
      const partitionKey = (table: string): string | undefined => partitionKeyOf(tables.engine, table);
      requireTableAccess({ authorizer, partitionKey }, { operation, input }, caller);
      return run(tables, operation, input);
    },
    units: unitsOf,
    async close() {
      clearInterval(timer);
      unsubscribe();
      for (const opening of partitions.values()) await (await opening).engine.close();
    },
  };
}

/** Returns the partition key's attribute of a table; undefined for a table that does not exist. */
function partitionKeyOf(engine: Engine, table: string): string | undefined {
  try {
    return engine.keyNames(table)[0];
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

async function run(tables: Tables, operation: string, input: Input): Promise<object> {
  const { engine, timeToLive } = tables;
  switch (operation) {
    case 'TransactWriteItems':
      return transactWrite(tables, input);
    case 'TransactGetItems':
      return transactGet(tables, input);
    case 'UpdateTimeToLive':
      return timeToLive.update(input);
    case 'DescribeTimeToLive':
      return timeToLive.describe(input);
    case 'PutItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return write(engine, operation, input);
    case 'DeleteTable':
      await timeToLive.forget(String(input['TableName']));
      return engine.run(operation, input);
    default:
      return engine.run(operation, input);
  }
}

/** Writes, or answers the item that failed the condition, if that was asked for. */
function write(engine: Engine, operation: ItemOperation, input: Input): object {
  const { ReturnValuesOnConditionCheckFailure: returned, ...request } = input;
  if (returned === undefined) return engine.now(operation, request);
  const { conditionHolds, before } = engine.check(operation, request);
  if (conditionHolds) return engine.now(operation, request);
  const members = returned === 'ALL_OLD' && before !== undefined ? { Item: before } : {};
  throw new AwsError('ConditionalCheckFailedException', 400, 'The conditional request failed', members);
}

async function openTables(
  dataDir: string | undefined,
  accountId: string,
  region: string,
  clock: LocalClock,
): Promise<Tables> {
  const folder = dataDir === undefined ? undefined : join(dataDir, 'dynamodb', accountId, region);
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const path = folder === undefined ? undefined : join(folder, 'tables.sqlite');
  const engine = openEngine({ path, accountId, region });
  const timeToLive = await openTimeToLive(
    engine,
    folder === undefined ? undefined : join(folder, 'ttl.json'),
  );
  return { engine, clock, tokens: new Map(), timeToLive };
}
