/**
 * The item store, one per account and region. It calls dynalite's own validations and actions in this process,
 * without its HTTP server. The files around it add what dynalite lacks (transactions, TTL, the item of a failed
 * condition).
 */
import * as z from 'zod';
import { notImplemented } from '../front/operation-input.ts';
import { AwsError } from '../front/service.ts';
import {
  type Action,
  type Callback,
  dynaliteOperation,
  internals,
  type Store,
  type Table,
  validations,
} from './dynalite.ts';

/** An item in DynamoDB's JSON: `{ pk: { S: 'tenant#acme' } }`. */
export type Item = Readonly<Record<string, unknown>>;
export type Input = Readonly<Record<string, unknown>>;

export interface Engine {
  /**
   * Runs one of DynamoDB's single operations.
   * @throws AwsError that DynamoDB answers, or NotImplemented for unknown members
   */
  run(operation: string, input: Input): Promise<Input>;
  /**
   * Validates a PutItem, UpdateItem or DeleteItem and evaluates its condition against the current item, without
   * writing.
   * @throws AwsError that DynamoDB answers, e.g. ValidationException
   */
  check(operation: string, input: Input): Promise<CheckedWrite>;
  /**
   * Resolves to the names of a table's key attributes.
   * @throws ResourceNotFoundException
   */
  keyNames(table: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface CheckedWrite {
  /** The identity of an item: its table and key in canonical form. */
  readonly identity: string;
  readonly key: Item;
  readonly before: Item | undefined;
  readonly conditionHolds: boolean;
}

/** A refusal of dynalite, which carries DynamoDB's status and body. An error without them is a failure. */
const refusalSchema = z.object({ statusCode: z.number(), body: z.record(z.string(), z.unknown()) });

/** Opens a store. `path` is the LevelDB folder; without it everything stays in memory. */
export function openEngine(options: { path?: string; accountId: string; region: string }): Engine {
  const store = internals.create({
    path: options.path,
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  store.tableDb.awsAccountId = options.accountId;
  store.tableDb.awsRegion = options.region;
  return {
    async run(operation, input) {
      const { action, data } = validate(store, operation, input);
      return promised((done) => action(store, data, done), {});
    },
    check: async (operation, input) => checkWrite(store, validate(store, operation, input).data),
    keyNames: async (table) =>
      (await tableOf(store, table)).KeySchema.map(({ AttributeName }) => AttributeName),
    close: async () => promised((done) => store.db.close(done), undefined),
  };
}

async function checkWrite(store: Store, data: Input): Promise<CheckedWrite> {
  const table = await tableOf(store, data['TableName']);
  const { Item: item, Key: key } = data;
  const invalid =
    item === undefined ? internals.validateKey(key, table) : internals.validateItem(item, table);
  throwRefusal(invalid);
  const target = asItem(item ?? key);
  const place = internals.createKey(target, table);
  const before = await promised<unknown>(
    (done) => store.getItemDb(data['TableName']).get(place, withoutAbsence(done)),
    undefined,
  );
  return {
    identity: `${String(data['TableName'])}/${place}`,
    key: Object.fromEntries(table.KeySchema.map(({ AttributeName: name }) => [name, target[name]])),
    before: before === undefined ? undefined : asItem(before),
    conditionHolds: !internals.checkConditional(data, before),
  };
}

async function tableOf(store: Store, name: unknown): Promise<Table> {
  return promised<Table>((done) => store.getTable(name, done), { KeySchema: [] });
}

/** Validates an input. Unknown members are refused, because dynalite drops them and DynamoDB would act upon them. */
function validate(store: Store, operation: string, input: Input): { action: Action; data: Input } {
  const known = dynaliteOperation(operation);
  if (known === undefined) throw notImplemented(`DynamoDB ${operation}`);
  const { types, custom } = known.validation;
  const strange = Object.keys(input).find(
    (member) => types[member] === undefined && input[member] !== undefined,
  );
  if (strange !== undefined) throw notImplemented(`${operation} with ${strange}`);
  try {
    const data = validations.checkTypes(structuredClone(input), types);
    validations.checkValidations(data, types, custom, store);
    return { action: known.action, data };
  } catch (error) {
    throwRefusal(error);
    throw error;
  }
}

/** Turns a callback into a promise. An operation without a result resolves to `nothing`. */
async function promised<T>(start: (done: Callback<T>) => void, nothing: T): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  start((error, value = nothing) => (error === null || error === undefined ? resolve(value) : reject(error)));
  try {
    return await promise;
  } catch (error) {
    throwRefusal(error);
    throw error;
  }
}

/** Turns the error of an absent item into no result. */
function withoutAbsence(done: Callback<unknown>): Callback<unknown> {
  return (error, item) => done(error instanceof Error && error.name === 'NotFoundError' ? null : error, item);
}

/**
 * Returns when the error is no refusal.
 * @throws AwsError of a refusal
 */
function throwRefusal(error: unknown): void {
  const refusal = refusalSchema.safeParse(error);
  if (!refusal.success) return;
  const { statusCode, body } = refusal.data;
  const { __type: type, message, Message, ...members } = body;
  const code = String(type).split('#').at(-1) ?? 'InternalServerError';
  const words = [message, Message].find((text) => typeof text === 'string') ?? '';
  throw new AwsError(code, statusCode, words, members);
}

function asItem(value: unknown): Item {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
