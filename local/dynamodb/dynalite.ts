/**
 * The parts of which dynalite's HTTP server is made. dynalite is CommonJS without types, so their shapes are
 * declared here.
 */
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';

export type Callback<T> = (error: object | null | undefined, value?: T) => void;

export interface Table {
  readonly TableStatus?: string;
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

/** The bounds of a part of an ordered map, in the words of LevelDB. */
export interface KeyRange {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  /** Default -1, which is no limit. */
  readonly limit?: number;
}

/** An ordered map from keys to JSON values: the items of a table, of an index, or the tables themselves. */
export interface Entries {
  /** Answers undefined for a key that is absent. */
  get(key: string, done: Callback<unknown>): void;
  put(key: string, value: unknown, done: Callback<void>): void;
  del(key: string, done: Callback<void>): void;
  batch(writes: readonly EntryWrite[], done: Callback<void>): void;
  createKeyStream(range?: KeyRange): Readable;
  createValueStream(range?: KeyRange): Readable;
  /** Runs a step while no other step holds the key. The step passes its callback through `release`. */
  lock(key: string, step: (release: <T>(done: T) => T) => void): void;
}

export type EntryWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'del'; readonly key: string };

/** The store on which the actions work. */
export interface Store {
  readonly options: {
    readonly createTableMs: number;
    readonly deleteTableMs: number;
    readonly updateTableMs: number;
    /** The largest item in bytes. */
    readonly maxItemSize: number;
  };
  readonly tableDb: Entries & { readonly awsAccountId: string; readonly awsRegion: string };
  /**
   * Answers a table, or DynamoDB's refusal. A table that is being made or deleted counts as absent, unless
   * `checkStatus` is false.
   */
  getTable(name: unknown, done: Callback<Table>): void;
  getTable(name: unknown, checkStatus: boolean, done: Callback<Table>): void;
  getItemDb(table: string): Entries;
  deleteItemDb(table: string, done: Callback<void>): void;
  getIndexDb(kind: string, table: string, index: string): Entries;
  deleteIndexDb(kind: string, table: string, index: string, done: Callback<void>): void;
  getTagDb(table: string): Entries;
  deleteTagDb(table: string, done: Callback<void>): void;
}

export interface Internals {
  /** The largest item in bytes. */
  readonly MAX_SIZE: number;
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
