/**
 * The conditional headers of reads and writes, evaluated in the order of RFC 9110 and answered as S3 answers them.
 */
import {
  conditionalRequestConflict,
  invalidRequest,
  noSuchKey,
  notImplemented,
  preconditionFailed,
} from './errors.ts';
import type { Version } from './version.ts';

type Headers = Readonly<Record<string, string>>;

export type ReadOutcome = 'proceed' | 'not-modified';

/**
 * Returns `not-modified` for a 304. `prefix` is `x-amz-copy-source-` for the source of a copy.
 * @throws PreconditionFailed
 */
export function checkRead(headers: Headers, version: Version, prefix = ''): ReadOutcome {
  const ifMatch = headers[`${prefix}if-match`];
  const ifNoneMatch = headers[`${prefix}if-none-match`];
  const unmodifiedSince = headers[`${prefix}if-unmodified-since`];
  if (ifMatch !== undefined && !matches(ifMatch, version.etag)) throw preconditionFailed('If-Match');
  if (ifMatch === undefined && isModifiedSince(version, unmodifiedSince) === true)
    throw preconditionFailed('If-Unmodified-Since');
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, version.etag) ? 'not-modified' : 'proceed';
  return isModifiedSince(version, headers[`${prefix}if-modified-since`]) === false
    ? 'not-modified'
    : 'proceed';
}

/** A condition on the object of a key at the moment of a write. */
export type WriteCondition =
  | { readonly kind: 'none' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'matches'; readonly ifMatch: string };

/** @throws NotImplemented for an If-None-Match other than `*`, or InvalidRequest for both headers at once */
export function parseWriteCondition(headers: Headers): WriteCondition {
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  if (ifMatch !== undefined && ifNoneMatch !== undefined)
    throw invalidRequest('The If-Match and If-None-Match headers cannot be used together.');
  if (ifMatch !== undefined) return { kind: 'matches', ifMatch };
  if (ifNoneMatch === undefined) return { kind: 'none' };
  if (ifNoneMatch !== '*') throw notImplemented('If-None-Match');
  return { kind: 'absent' };
}

/** @throws PreconditionFailed, or NoSuchKey for an If-Match on a key that has no object */
export function checkWrite(condition: WriteCondition, key: string, latest: Version | undefined): void {
  const present = latest?.isDeleteMarker === false ? latest : undefined;
  if (condition.kind === 'absent' && present !== undefined) throw preconditionFailed('If-None-Match');
  if (condition.kind !== 'matches') return;
  if (present === undefined) throw noSuchKey(key);
  if (!matches(condition.ifMatch, present.etag)) throw preconditionFailed('If-Match');
}

/** @throws ConditionalRequestConflict when a delete succeeded while an If-None-Match write was under way */
export function checkConflict(condition: WriteCondition, key: string, deletedMeanwhile: boolean): void {
  if (condition.kind === 'absent' && deletedMeanwhile) throw conditionalRequestConflict('If-None-Match', key);
}

function matches(header: string, etag: string): boolean {
  return header.split(',').some((candidate) => {
    const bare = candidate.trim().replace(/^"(.*)"$/, '$1');
    return bare === '*' || bare === etag;
  });
}

/**
 * Compares the object's time with a date of HTTP, which has whole seconds. Returns undefined when the date is not
 * valid.
 */
function isModifiedSince({ modifiedMs }: Version, header: string | undefined): boolean | undefined {
  const sinceMs = Date.parse(header ?? '');
  return Number.isNaN(sinceMs) ? undefined : Math.floor(modifiedMs / 1000) * 1000 > sinceMs;
}
