/**
 * The item store: dynalite's own validations and actions, called in this process without its HTTP server, one store per
 * account and region. What dynalite lacks (transactions, TTL, the item of a failed condition) is built around it.
 */
import { createRequire } from 'node:module';
import { AwsError } from '../service.ts';

/** An item in DynamoDB's JSON: `{ pk: { S: 'tenant#acme' } }`. */
export type Item = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
export type Input = Readonly<Record<string, unknown>>;

export interface Engine {
  /** Runs one of DynamoDB's single operations. Throws what DynamoDB answers; NotImplemented for unknown members. */
  run(operation: string, input: Input): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Validates a PutItem, UpdateItem or DeleteItem and evaluates its condition against the item as it is, without
   * writing. Throws ValidationException and the like.
   */
  check(operation: WriteOperation, input: Input): Promise<CheckedWrite>;
  close(): Promise<void>;
}

export type WriteOperation = 'PutItem' | 'UpdateItem' | 'DeleteItem';

export interface CheckedWrite {
  /** Distinguishes items: table and key, canonically. */
  readonly identity: string;
  readonly key: Item;
  readonly before: Item | undefined;
  readonly conditionHolds: boolean;
}

interface Refusal {
  readonly statusCode?: number;
  readonly body?: Readonly<Record<string, unknown>>;
}

type Callback<T> = (error: Refusal | null | undefined, value?: T) => void;

interface Table {
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

interface Store {
  readonly tableDb: { awsAccountId: string; awsRegion: string };
  readonly db: { close(done: Callback<void>): void };
  getTable(name: unknown, done: Callback<Table>): void;
  getItemDb(name: unknown): { get(key: string, done: Callback<Item>): void };
}

interface Internals {
  create(options: object): Store;
  createKey(item: unknown, table: Table): string;
  validateKey(key: unknown, table: Table): Refusal | undefined;
  validateItem(item: unknown, table: Table): Refusal | undefined;
  checkConditional(input: Input, existing: Item | undefined): Refusal | null | undefined;
}

interface Validations {
  checkTypes(input: object, types: object): Record<string, unknown>;
  checkValidations(input: object, types: object, custom: unknown, store: Store): void;
}

interface Validation {
  readonly types: Readonly<Record<string, unknown>>;
  readonly custom: unknown;
}

type Action = (store: Store, input: object, done: Callback<Record<string, unknown>>) => void;

/** dynalite is CommonJS without types; these are the modules its HTTP server is made of. */
const require = createRequire(import.meta.url);
const internals = require('dynalite/db') as Internals;
const validations = require('dynalite/validations') as Validations;

const OPERATIONS: readonly string[] = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'ListTagsOfResource',
  'PutItem',
  'Query',
  'Scan',
  'TagResource',
  'UntagResource',
  'UpdateItem',
  'UpdateTable',
];

/** `path`: the LevelDB folder; unset keeps everything in memory. */
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
      const data = validate(store, operation, input);
      return promised((done) => actionOf(operation)(store, data, done));
    },
    async check(operation, input) {
      const data = validate(store, operation, input);
      return checkWrite(store, operation, data);
    },
    close: async () => promised((done) => store.db.close(done)),
  };
}

async function checkWrite(
  store: Store,
  operation: WriteOperation,
  data: Readonly<Record<string, unknown>>,
): Promise<CheckedWrite> {
  const table = await promised<Table>((done) => store.getTable(data['TableName'], done));
  const target = operation === 'PutItem' ? data['Item'] : data['Key'];
  const invalid =
    operation === 'PutItem' ? internals.validateItem(target, table) : internals.validateKey(target, table);
  if (invalid !== undefined && invalid !== null) throw toAwsError(invalid);
  const identity = internals.createKey(target, table);
  const before = await promised<Item | undefined>((done) =>
    store
      .getItemDb(data['TableName'])
      .get(identity, (error, item) => done(isAbsent(error) ? null : error, item)),
  );
  const conditionHolds = !internals.checkConditional(data, before);
  return {
    identity: `${String(data['TableName'])}/${identity}`,
    key: keyOf(target as Item, table),
    before,
    conditionHolds,
  };
}

/** dynalite drops members it does not know; DynamoDB would act upon them. */
function validate(store: Store, operation: string, input: Input): Record<string, unknown> {
  const { types, custom } = validationOf(operation);
  const unknown = Object.keys(input).find(
    (member) => types[member] === undefined && input[member] !== undefined,
  );
  if (unknown !== undefined) throw new AwsError('NotImplemented', 501, `${operation} with ${unknown}`);
  try {
    const data = validations.checkTypes(structuredClone(input), types);
    validations.checkValidations(data, types, custom, store);
    return data;
  } catch (error) {
    throw toAwsError(error as Refusal);
  }
}

function validationOf(operation: string): Validation {
  if (!OPERATIONS.includes(operation)) throw new AwsError('NotImplemented', 501, `DynamoDB ${operation}`);
  return require(`dynalite/validations/${moduleOf(operation)}`) as Validation;
}

function actionOf(operation: string): Action {
  return require(`dynalite/actions/${moduleOf(operation)}`) as Action;
}

function moduleOf(operation: string): string {
  return operation.charAt(0).toLowerCase() + operation.slice(1);
}

async function promised<T>(start: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      // Every caller passes what the callback's success carries; where that is nothing, T is void or undefined.
      if (error === null || error === undefined) resolve(value as T);
      else reject(toAwsError(error));
    });
  });
}

function keyOf(item: Item, { KeySchema }: Table): Item {
  return Object.fromEntries(KeySchema.map(({ AttributeName: name }) => [name, item[name] ?? {}]));
}

function isAbsent(error: Refusal | null | undefined): boolean {
  return error instanceof Error && error.name === 'NotFoundError';
}

/** A refusal of dynalite carries DynamoDB's status and body; anything else is a failure and stays one. */
function toAwsError(error: Refusal): unknown {
  const { statusCode, body } = error;
  if (statusCode === undefined || body === undefined) return error;
  const { __type, message, Message, ...members } = body;
  const code = String(__type).split('#').at(-1) ?? 'InternalServerError';
  return new AwsError(code, statusCode, String(message ?? Message ?? ''), members);
}
