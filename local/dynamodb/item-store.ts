/**
 * The tables and items of one account and region in SQLite, as the store on which dynalite's actions work. Each of
 * its methods answers before it returns, so that an action on items runs to its end before anything else does:
 * nothing has to be locked.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { IN_MEMORY, inTransaction, openDatabase } from '../sqlite/database.ts';
import { type Callback, internals, type Store, type Table } from './dynalite.ts';
import { createSpaces, ENTRIES_SCHEMA } from './entries.ts';

export interface ItemStore {
  readonly store: Store;
  /** Runs `work` completely or not at all. `work` must be synchronous. */
  readonly atomically: <T>(work: () => T) => T;
  readonly close: () => Promise<void>;
}

export interface ItemStoreOptions {
  /** Default: everything stays in memory. */
  readonly path?: string;
  readonly accountId: string;
  readonly region: string;
}

/** The times that dynalite pretends to need, and the largest item. */
const OPTIONS: Store['options'] = {
  createTableMs: 0,
  deleteTableMs: 0,
  updateTableMs: 0,
  maxItemSize: internals.MAX_SIZE,
};

export function openItemStore({ path = IN_MEMORY, accountId, region }: ItemStoreOptions): ItemStore {
  const database = openDatabase(path, ENTRIES_SCHEMA);
  const { open, clear } = createSpaces(database);
  const cleared = (space: string, done: Callback<void>): void => {
    clear(space);
    done(null);
  };
  const tableDb = { ...open('table'), awsAccountId: accountId, awsRegion: region };
  const store: Store = {
    options: OPTIONS,
    tableDb,
    getTable(name, ...rest: [Callback<Table>] | [boolean, Callback<Table>]) {
      const [checkStatus, done] = rest.length === 1 ? [true, rest[0]] : rest;
      tableDb.get(String(name), (_none, found) => {
        if (isTable(found) && !(checkStatus && isChanging(found))) done(null, found);
        else done(absent(String(name), checkStatus));
      });
    },
    getItemDb: (table) => open(itemSpace(table)),
    deleteItemDb: (table, done) => cleared(itemSpace(table), done),
    getIndexDb: (kind, table, index) => open(indexSpace(kind, table, index)),
    deleteIndexDb: (kind, table, index, done) => cleared(indexSpace(kind, table, index), done),
    getTagDb: (table) => open(tagSpace(table)),
    deleteTagDb: (table, done) => cleared(tagSpace(table), done),
  };
  return {
    store,
    atomically: (work) => inTransaction(database, work),
    async close() {
      // dynalite finishes a table that is made, changed or deleted in a timer.
      await delay(0);
      database.close();
    },
  };
}

function itemSpace(table: string): string {
  return `item-${table}`;
}

function indexSpace(kind: string, table: string, index: string): string {
  return `index-${kind.toLowerCase()}-${table}~${index}`;
}

function tagSpace(table: string): string {
  return `tag-${table}`;
}

function isTable(found: unknown): found is Table {
  return typeof found === 'object' && found !== null && 'TableStatus' in found && 'KeySchema' in found;
}

function isChanging({ TableStatus }: Table): boolean {
  return TableStatus === 'CREATING' || TableStatus === 'DELETING';
}

/** Returns DynamoDB's refusal in the form of dynalite, which knows it by its name. */
function absent(table: string, hidesName: boolean): object {
  const message = `Requested resource not found${hidesName ? '' : `: Table: ${table} not found`}`;
  const type = 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException';
  return { name: 'NotFoundError', statusCode: 400, body: { __type: type, message } };
}
