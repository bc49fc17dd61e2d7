/**
 * Ordered maps in one SQLite table, in the shape of LevelDB that dynalite's actions know. Keys are ordered by their
 * UTF-8 bytes.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { Readable } from 'node:stream';
import type { Entries, EntryWrite, KeyRange } from './dynalite.ts';

export const ENTRIES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (
    space TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (space, key)) STRICT, WITHOUT ROWID;
`;

export interface Spaces {
  /** Returns the map of that name. */
  readonly open: (space: string) => Entries;
  /** Empties the map of that name. */
  readonly clear: (space: string) => void;
}

interface Entry {
  readonly key: string;
  readonly value: unknown;
}

/** The entries that a scan reads at a time. */
const PAGE = 100;
/** The bounds of a range by its member in KeyRange. */
const BOUNDS = [
  ['gt', '>'],
  ['gte', '>='],
  ['lt', '<'],
  ['lte', '<='],
] as const;

export function createSpaces(database: DatabaseSync): Spaces {
  const select = database.prepare('SELECT value FROM entries WHERE space = ? AND key = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?)');
  const remove = database.prepare('DELETE FROM entries WHERE space = ? AND key = ?');
  const clear = database.prepare('DELETE FROM entries WHERE space = ?');
  const write = (space: string, entry: EntryWrite): void => {
    if (entry.type === 'del') remove.run(space, entry.key);
    else upsert.run(space, entry.key, JSON.stringify(entry.value));
  };
  const open = (space: string): Entries => ({
    get(key, done) {
      const row = select.get(space, key);
      done(null, row && parse(row['value']));
    },
    put(key, value, done) {
      write(space, { type: 'put', key, value });
      done(null);
    },
    del(key, done) {
      write(space, { type: 'del', key });
      done(null);
    },
    batch(writes, done) {
      for (const entry of writes) write(space, entry);
      done(null);
    },
    createKeyStream: (range = {}) => Readable.from(keys(scan(database, space, range))),
    createValueStream: (range = {}) => Readable.from(values(scan(database, space, range))),
    // Every step ends before it returns, so that no other one can hold the key.
    lock: (_key, step) => step((done) => done),
  });
  return { open, clear: (space) => void clear.run(space) };
}

/** Yields the entries of a range in order. It reads page by page: another write may come between two of them. */
function* scan(database: DatabaseSync, space: string, range: KeyRange): Generator<Entry> {
  let left = range.limit === undefined || range.limit < 0 ? Infinity : range.limit;
  let rest = range;
  while (left > 0) {
    const page = readPage(database, space, rest, Math.min(left, PAGE));
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    left -= page.length;
    rest = after(rest, last.key);
  }
}

function readPage(database: DatabaseSync, space: string, range: KeyRange, limit: number): readonly Entry[] {
  const bounds = BOUNDS.flatMap(([name, operator]) => {
    const bound = range[name];
    return bound === undefined ? [] : [{ condition: `AND key ${operator} ?`, bound }];
  });
  const conditions = bounds.map(({ condition }) => condition).join(' ');
  const order = range.reverse === true ? 'DESC' : 'ASC';
  const page = database.prepare(
    `SELECT key, value FROM entries WHERE space = ? ${conditions} ORDER BY key ${order} LIMIT ?`,
  );
  const rows = page.all(space, ...bounds.map(({ bound }) => bound), limit);
  return rows.map(({ key, value }) => ({ key: String(key), value: parse(value) }));
}

/** Returns the part of a range behind a key. */
function after(range: KeyRange, key: string): KeyRange {
  return range.reverse === true
    ? { ...range, lt: key, lte: undefined }
    : { ...range, gt: key, gte: undefined };
}

function* keys(entries: Iterable<Entry>): Generator<string> {
  for (const { key } of entries) yield key;
}

function* values(entries: Iterable<Entry>): Generator {
  for (const { value } of entries) yield value;
}

function parse(value: SQLOutputValue | undefined): unknown {
  return JSON.parse(String(value));
}
