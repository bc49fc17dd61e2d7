/**
 * One page of a listing in key order, with keys that share a prefix up to the delimiter rolled up. Rolled-up keys are
 * jumped over in the index, so that a page costs what it shows.
 */
import type { S3Call } from './call.ts';
import { invalidArgument } from './errors.ts';

export interface ListingQuery {
  readonly prefix: string;
  /** Empty for none. */
  readonly delimiter: string;
  /** At most 1,000. */
  readonly limit: number;
}

/** Where to go on: at the first key not less than `key`, and within that very key after the row of `sequence`. */
export interface Position {
  /** Bytes of UTF-8. */
  readonly key: Buffer;
  readonly sequence?: number;
}

/** The rows from a position on, in order. */
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

/** The prefix, delimiter and limit of a call; `limitName` is `max-keys` or `max-uploads`. Throws InvalidArgument. */
export function listingQuery({ query }: S3Call, limitName: string): ListingQuery {
  const encoding = query.get('encoding-type');
  if (encoding !== null && encoding !== 'url')
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encoding);
  const prefix = query.get('prefix') ?? '';
  return { prefix, delimiter: query.get('delimiter') ?? '', limit: parseLimit(query, limitName) };
}

/** At most 1,000, which is the default. Throws InvalidArgument. */
export function parseLimit(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? String(MAX_LIMIT);
  if (!/^\d{1,10}$/.test(text))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
  return Math.min(MAX_LIMIT, Number(text));
}

/** The position right behind a key, or behind every key of a marker that is itself a common prefix. */
export function positionAfter(marker: string, { prefix, delimiter }: ListingQuery): Position {
  const isRolledUp = commonPrefixOf(marker, prefix, delimiter) === marker;
  return { key: isRolledUp ? behindPrefix(marker) : Buffer.from(`${marker}\0`) };
}

/** The later of two positions. */
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

/** The least string greater than all that start with `prefix`: no byte of UTF-8 is 0xff, so its last can be raised. */
function behindPrefix(prefix: string): Buffer {
  const bytes = Buffer.from(prefix);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) + 1, bytes.length - 1);
  return bytes;
}
