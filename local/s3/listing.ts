/**
 * One page of a listing in key order. Keys that share a prefix up to the delimiter are rolled up into one entry.
 * The index jumps over rolled-up keys, so that the cost of a page depends on its entries only.
 */
import type { S3Call } from './call.ts';
import { invalidArgument } from './errors.ts';

export interface ListingQuery {
  readonly prefix: string;
  /** The delimiter; empty for none. */
  readonly delimiter: string;
  /** The most entries of the page, at most 1,000. */
  readonly limit: number;
}

/**
 * The position from which a listing continues: the first key not less than `key`, and within that very key the rows
 * after `sequence`.
 */
export interface Position {
  /** The key as bytes of UTF-8. */
  readonly key: Buffer;
  readonly sequence?: number;
}

/** Returns the rows from a position on, in order. */
export type Scan<T> = (from: Position) => Iterable<T>;

export type Entry<T> = { readonly item: T } | { readonly commonPrefix: string };

export interface Listing<T> {
  readonly items: readonly T[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** The last entry of the page; undefined for an empty one. */
  readonly last?: Entry<T>;
}

const MAX_LIMIT = 1000;

export function collectPage<T extends { readonly key: string }>(
  scan: Scan<T>,
  from: Position,
  query: ListingQuery,
): Listing<T> {
  const page: Entry<T>[] = [];
  let isTruncated = false;
  for (const entry of entries(scan, from, query)) {
    isTruncated = page.length === query.limit;
    if (isTruncated) break;
    page.push(entry);
  }
  return {
    items: page.flatMap((entry) => ('item' in entry ? [entry.item] : [])),
    commonPrefixes: page.flatMap((entry) => ('item' in entry ? [] : [entry.commonPrefix])),
    isTruncated: isTruncated && query.limit > 0,
    last: page.at(-1),
  };
}

/**
 * Returns the prefix, delimiter and limit of a call; `limitName` is `max-keys` or `max-uploads`.
 * @throws InvalidArgument
 */
export function listingQuery({ query }: S3Call, limitName: string): ListingQuery {
  const encoding = query.get('encoding-type');
  if (encoding !== null && encoding !== 'url')
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encoding);
  const prefix = query.get('prefix') ?? '';
  return { prefix, delimiter: query.get('delimiter') ?? '', limit: parseLimit(query, limitName) };
}

/**
 * Returns the limit, which is at most 1,000 and 1,000 by default.
 * @throws InvalidArgument
 */
export function parseLimit(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? String(MAX_LIMIT);
  if (!/^\d{1,10}$/.test(text))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
  return Math.min(MAX_LIMIT, Number(text));
}

/** Returns the position right behind a key, or behind every key of a marker that is itself a common prefix. */
export function positionAfter(marker: string, { prefix, delimiter }: ListingQuery): Position {
  const isRolledUp = commonPrefixOf(marker, prefix, delimiter) === marker;
  return { key: isRolledUp ? behindPrefix(marker) : Buffer.from(`${marker}\0`) };
}

/** Returns the later of two positions. */
export function laterOf(a: Position, b: Position): Position {
  return a.key.compare(b.key) < 0 ? b : a;
}

export function startOf({ prefix }: ListingQuery): Position {
  return { key: Buffer.from(prefix) };
}

function* entries<T extends { readonly key: string }>(
  scan: Scan<T>,
  from: Position,
  { prefix, delimiter }: ListingQuery,
): Generator<Entry<T>> {
  for (let position: Position | undefined = from; position !== undefined;) {
    const rows: Iterable<T> = scan(position);
    position = undefined;
    for (const row of rows) {
      if (!row.key.startsWith(prefix)) return;
      const commonPrefix = commonPrefixOf(row.key, prefix, delimiter);
      yield commonPrefix === undefined ? { item: row } : { commonPrefix };
      if (commonPrefix === undefined) continue;
      position = { key: behindPrefix(commonPrefix) };
      break;
    }
  }
}

function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/**
 * Returns the least string greater than all that start with `prefix`. No byte of UTF-8 is 0xff, so its last byte
 * can be raised.
 */
function behindPrefix(prefix: string): Buffer {
  const bytes = Buffer.from(prefix);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) + 1, bytes.length - 1);
  return bytes;
}
