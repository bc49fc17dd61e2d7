/** ListObjectsV2. */
import { isoDate, quoted, sendXml } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { invalidArgument } from './errors.ts';
import { keyWriter, listableBucket, sharedContent } from './listing-content.ts';
import {
  collectPage,
  type Entry,
  laterOf,
  listingQuery,
  type ListingQuery,
  type Position,
  positionAfter,
  startOf,
} from './listing.ts';
import { ownerContent } from './owner.ts';
import { storageClassOf } from './storage-class.ts';
import type { Store } from './store.ts';
import { versionOf } from './version-row.ts';
import type { Version } from './version.ts';
import type { XmlContent } from './xml.ts';

export function listObjects(store: Store, call: S3Call): void {
  const { query: parameters } = call;
  if (parameters.get('list-type') !== '2')
    throw invalidArgument(
      'Invalid List Type specified in Request',
      'list-type',
      parameters.get('list-type') ?? '',
    );
  const query = listingQuery(call, 'max-keys');
  const bucket = listableBucket(store, call, { action: 's3:ListBucket', ...query });
  const startAfter = parameters.get('start-after') ?? undefined;
  const token = parameters.get('continuation-token') ?? undefined;
  const from = laterOf(startOf(query), firstPosition(query, startAfter, token));
  const page = collectPage((position) => scan(store, bucket.name, position), from, query);
  const write = keyWriter(call);
  sendXml(call.response, 'ListBucketResult', {
    Name: bucket.name,
    ...sharedContent(call, query, page),
    MaxKeys: query.limit,
    KeyCount: page.items.length + page.commonPrefixes.length,
    StartAfter: startAfter === undefined ? undefined : write(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.isTruncated ? tokenBehind(page.last, query) : undefined,
    Contents: page.items.map((version) => itemContent(version, bucket, call)),
  });
}

function* scan({ database }: Store, bucket: string, { key }: Position): Generator<Version> {
  const rows = database
    .prepare(
      'SELECT * FROM versions WHERE bucket = ? AND key >= ? AND is_latest = 1 AND is_delete_marker = 0 ORDER BY key',
    )
    .iterate(bucket, key);
  for (const row of rows) yield versionOf(row);
}

function firstPosition(
  query: ListingQuery,
  startAfter: string | undefined,
  token: string | undefined,
): Position {
  if (token !== undefined) return parseToken(token);
  return startAfter === undefined ? startOf(query) : positionAfter(startAfter, query);
}

function parseToken(token: string): Position {
  const key = Buffer.from(token, 'base64url');
  if (token === '' || key.toString('base64url') !== token)
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
  return { key };
}

/** Returns the token of the position behind the page, which is opaque to the client. */
function tokenBehind(last: Entry<Version> | undefined, query: ListingQuery): string {
  const marker = last === undefined ? '' : 'item' in last ? last.item.key : last.commonPrefix;
  return positionAfter(marker, query).key.toString('base64url');
}

function itemContent(version: Version, bucket: Bucket, call: S3Call): XmlContent {
  const { key, modifiedMs, etag, sizeBytes, attributes } = version;
  return {
    Key: keyWriter(call)(key),
    LastModified: isoDate(modifiedMs),
    ETag: quoted(etag),
    ChecksumAlgorithm: attributes.checksum?.algorithm,
    ChecksumType: attributes.checksum?.type,
    Size: sizeBytes,
    Owner: call.query.get('fetch-owner') === 'true' ? ownerContent(bucket.accountId) : undefined,
    StorageClass: storageClassOf(attributes.headers),
  };
}
