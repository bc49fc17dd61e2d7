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
import { type Engine, type Input, openEngine } from './engine.ts';
import { createGate } from './gate.ts';
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
const WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);

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
    for (const opening of partitions.values()) await sweepTables(await opening);
  };
  const timer = setInterval(() => void sweep().catch(onCrash), SWEEP_MS).unref();
  const unsubscribe = clock.onAdvance(sweep);
  return {
    async call(operation, input, caller) {
      const tables = await tablesOf(caller);
      const partitionKey = async (table: string): Promise<string | undefined> =>
        (await tables.engine.keyNames(table).catch(() => []))[0];
      await requireTableAccess({ authorizer, partitionKey }, { operation, input }, caller);
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

async function run(tables: Tables, operation: string, input: Input): Promise<object> {
  const { engine, gate, timeToLive } = tables;
  switch (operation) {
    case 'TransactWriteItems':
      return transactWrite(tables, input);
    case 'TransactGetItems':
      return transactGet(tables, input);
    case 'UpdateTimeToLive':
      return timeToLive.update(input);
    case 'DescribeTimeToLive':
      return timeToLive.describe(input);
    case 'DeleteTable':
      await timeToLive.forget(String(input['TableName']));
      return engine.run(operation, input);
    default:
      if (!WRITES.has(operation)) return engine.run(operation, input);
      return input['ReturnValuesOnConditionCheckFailure'] === undefined
        ? gate.shared(async () => engine.run(operation, input))
        : gate.alone(async () => writeExplaining(engine, operation, input));
  }
}

/** Writes, or answers the item that failed the condition. It runs alone, so that it answers that very item. */
async function writeExplaining(engine: Engine, operation: string, input: Input): Promise<object> {
  const { ReturnValuesOnConditionCheckFailure: returned, ...write } = input;
  const { conditionHolds, before } = await engine.check(operation, write);
  if (conditionHolds) return engine.run(operation, write);
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
  const path = folder === undefined ? undefined : join(folder, 'tables');
  const engine = openEngine({ path, accountId, region });
  const timeToLive = await openTimeToLive(
    engine,
    folder === undefined ? undefined : join(folder, 'ttl.json'),
  );
  return { engine, gate: createGate(), clock, tokens: new Map(), timeToLive };
}

async function sweepTables({ gate, timeToLive, clock }: Tables): Promise<void> {
  await gate.shared(async () => timeToLive.sweep(clock.now()));
}
