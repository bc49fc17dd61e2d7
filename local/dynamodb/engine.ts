/**
 * The item store, one per account and region. It calls dynalite's own validations and actions in this process,
 * without its HTTP server and its database. The files around it add what dynalite lacks (transactions, TTL, the item
 * of a failed condition).
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
import { type ItemStoreOptions, openItemStore } from './item-store.ts';

/** An item in DynamoDB's JSON: `{ pk: { S: 'tenant#acme' } }`. */
export type Item = Readonly<Record<string, unknown>>;
export type Input = Readonly<Record<string, unknown>>;

export type ItemOperation = 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem';

export interface Engine {
  /**
   * Runs one of DynamoDB's single operations.
   * @throws AwsError that DynamoDB answers, or NotImplemented for unknown members
   */
  run(operation: string, input: Input): Promise<Input>;
  /**
   * Runs an operation on one item at once, before anything else happens.
   * @throws what `run` throws
   */
  now(operation: ItemOperation, input: Input): Input;
  /**
   * Validates a PutItem, UpdateItem or DeleteItem and evaluates its condition against the current item, without
   * writing.
   * @throws AwsError that DynamoDB answers, e.g. ValidationException
   */
  check(operation: ItemOperation, input: Input): CheckedWrite;
  /** Runs `work` completely or not at all. `work` must be synchronous. */
  atomically<T>(work: () => T): T;
  /**
   * Returns the names of a table's key attributes.
   * @throws ResourceNotFoundException
   */
  keyNames(table: string): readonly string[];
  close(): Promise<void>;
}

export interface CheckedWrite {
  /** The identity of an item: its table and key in canonical form. */
  readonly identity: string;
  readonly before: Item | undefined;
  readonly conditionHolds: boolean;
}

/** A refusal of dynalite, which carries DynamoDB's status and body. An error without them is a failure. */
const refusalSchema = z.object({ statusCode: z.number(), body: z.record(z.string(), z.unknown()) });

export function openEngine(options: ItemStoreOptions): Engine {
  const { store, atomically, close } = openItemStore(options);
  return {
    async run(operation, input) {
      const { action, data } = validate(store, operation, input);
      return promised((done) => action(store, data, done));
    },
    now(operation, input) {
      const { action, data } = validate(store, operation, input);
      return answered((done) => action(store, data, done)) ?? {};
    },
    check: (operation, input) => checkWrite(store, validate(store, operation, input).data),
    keyNames: (table) => tableOf(store, table).KeySchema.map(({ AttributeName }) => AttributeName),
    atomically,
    close,
  };
}

function checkWrite(store: Store, data: Input): CheckedWrite {
  const table = tableOf(store, data['TableName']);
  const { Item: item, Key: key } = data;
  const invalid =
    item === undefined ? internals.validateKey(key, table) : internals.validateItem(item, table);
  throwRefusal(invalid);
  const place = internals.createKey(asItem(item ?? key), table);
  const name = String(data['TableName']);
  const before = answered<unknown>((done) => store.getItemDb(name).get(place, done));
  return {
    identity: `${name}/${place}`,
    before: before === undefined ? undefined : asItem(before),
    conditionHolds: !internals.checkConditional(data, before),
  };
}

function tableOf(store: Store, name: unknown): Table {
  return answered<Table>((done) => store.getTable(name, done)) ?? { KeySchema: [] };
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

/** Turns a callback into a promise. */
async function promised(start: (done: Callback<Input>) => void): Promise<Input> {
  const { promise, resolve, reject } = Promise.withResolvers<Input>();
  start((error, value = {}) => (error === null || error === undefined ? resolve(value) : reject(error)));
  try {
    return await promise;
  } catch (error) {
    throwRefusal(error);
    throw error;
  }
}

/** Returns what a step answers that ends before it returns. */
function answered<T>(start: (done: Callback<T>) => void): T | undefined {
  const answers: { readonly error: unknown; readonly value?: T }[] = [];
  start((error, value) => void answers.push({ error, value }));
  const [answer] = answers;
  if (answer === undefined) throw new Error('A step on one item has not ended at once');
  const { error, value } = answer;
  throwRefusal(error);
  if (error instanceof Error) throw error;
  return value;
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
