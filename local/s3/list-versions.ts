/** ListObjectVersions: every version and delete marker, by key and then newest first. */
import { isoDate, quoted, sendXml } from './answer.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { invalidArgument } from './errors.ts';
import { assertVersionId } from './find-version.ts';
import { keyWriter, listableBucket, sharedContent } from './listing-content.ts';
import {
  collectPage,
  laterOf,
  type Listing,
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

export function listObjectVersions(store: Store, call: S3Call): void {
  const query = listingQuery(call, 'max-keys');
  const bucket = listableBucket(store, call, { action: 's3:ListBucketVersions', ...query });
  const from = laterOf(startOf(query), firstPosition(store, call, query));
  const page = collectPage((position) => scan(store, bucket.name, position), from, query);
  const write = keyWriter(call);
  sendXml(call.response, 'ListVersionsResult', {
    Name: bucket.name,
    ...sharedContent(call, query, page),
    KeyMarker: write(call.query.get('key-marker') ?? ''),
    VersionIdMarker: call.query.get('version-id-marker') ?? '',
    MaxKeys: query.limit,
    ...nextMarkers(page, write),
    Version: page.items.filter(isObject).map((version) => versionContent(version, bucket, write)),
    DeleteMarker: page.items
      .filter((version) => !isObject(version))
      .map((version) => sharedVersionContent(version, bucket, write)),
  });
}

function* scan({ database }: Store, bucket: string, { key, sequence }: Position): Generator<Version> {
  const rows = database
    .prepare(
      `SELECT * FROM versions WHERE bucket = ? AND key >= ? AND (key > ? OR sequence < ?)
       ORDER BY key, sequence DESC`,
    )
    .iterate(bucket, key, key, sequence ?? Number.MAX_SAFE_INTEGER);
  for (const row of rows) yield versionOf(row);
}

/**
 * Returns the position to start from. With a version id marker it lies within the marker's key, otherwise behind
 * all versions of that key.
 */
function firstPosition(
  { versions }: Store,
  { bucket, query: parameters }: S3Call,
  query: ListingQuery,
): Position {
  const keyMarker = parameters.get('key-marker') ?? '';
  const versionIdMarker = parameters.get('version-id-marker') ?? '';
  if (versionIdMarker === '') return keyMarker === '' ? startOf(query) : positionAfter(keyMarker, query);
  if (keyMarker === '')
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      versionIdMarker,
    );
  assertVersionId(versionIdMarker);
  const version = versions.find(bucket, keyMarker, versionIdMarker);
  if (version === undefined) return positionAfter(keyMarker, query);
  return { key: Buffer.from(keyMarker), sequence: version.sequence };
}

function nextMarkers(
  { isTruncated, last }: Listing<Version>,
  write: (key: string) => string,
): Record<string, XmlContent> {
  if (!isTruncated || last === undefined) return {};
  if ('commonPrefix' in last) return { NextKeyMarker: write(last.commonPrefix) };
  return { NextKeyMarker: write(last.item.key), NextVersionIdMarker: last.item.versionId };
}

function isObject({ isDeleteMarker }: Version): boolean {
  return !isDeleteMarker;
}

function versionContent(version: Version, bucket: Bucket, write: (key: string) => string): XmlContent {
  const { etag, sizeBytes, attributes } = version;
  return {
    ...sharedVersionContent(version, bucket, write),
    ETag: quoted(etag),
    ChecksumAlgorithm: attributes.checksum?.algorithm,
    ChecksumType: attributes.checksum?.type,
    Size: sizeBytes,
    StorageClass: storageClassOf(attributes.headers),
  };
}

function sharedVersionContent(
  { key, versionId, isLatest, modifiedMs }: Version,
  { accountId }: Bucket,
  write: (key: string) => string,
): Record<string, XmlContent> {
  return {
    Key: write(key),
    VersionId: versionId,
    IsLatest: isLatest,
    LastModified: isoDate(modifiedMs),
    Owner: ownerContent(accountId),
  };
}
