/**
 * The parts of which dynalite's HTTP server is made. dynalite is CommonJS without types, so their shapes are
 * declared here.
 */
import { createRequire } from 'node:module';

export type Callback<T> = (error: object | null | undefined, value?: T) => void;

export interface Table {
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

export interface Store {
  readonly tableDb: { awsAccountId: string; awsRegion: string };
  readonly db: { close(done: Callback<undefined>): void };
  getTable(name: unknown, done: Callback<Table>): void;
  getItemDb(name: unknown): { get(key: string, done: Callback<unknown>): void };
}

export interface Internals {
  create(options: object): Store;
  createKey(item: unknown, table: Table): string;
  validateKey(key: unknown, table: Table): object | null | undefined;
  validateItem(item: unknown, table: Table): object | null | undefined;
  checkConditional(input: object, existing: unknown): object | null | undefined;
}

export interface Validations {
  checkTypes(input: object, types: object): Record<string, unknown>;
  checkValidations(input: object, types: object, custom: unknown, store: Store): void;
}

/** The rules for an operation's input. */
export interface Validation {
  readonly types: Readonly<Record<string, unknown>>;
  readonly custom: unknown;
}

export type Action = (store: Store, input: object, done: Callback<Record<string, unknown>>) => void;

const load = createRequire(import.meta.url);

export const internals: Internals = load('dynalite/db');
export const validations: Validations = load('dynalite/validations');

const OPERATIONS: ReadonlySet<string> = new Set([
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
]);

/** Returns dynalite's check and action of an operation; undefined when dynalite does not have it. */
export function dynaliteOperation(name: string): { validation: Validation; action: Action } | undefined {
  if (!OPERATIONS.has(name)) return undefined;
  const module = name.charAt(0).toLowerCase() + name.slice(1);
  return { validation: load(`dynalite/validations/${module}`), action: load(`dynalite/actions/${module}`) };
}
