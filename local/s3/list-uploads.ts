/** ListMultipartUploads and ListParts. */
import { authorize } from './access.ts';
import { isoDate, quoted, sendXml } from './answer.ts';
import { requiredQuery, type S3Call } from './call.ts';
import { findBucket } from './find-bucket.ts';
import { keyWriter, listableBucket, sharedContent } from './listing-content.ts';
import {
  collectPage,
  laterOf,
  type Listing,
  listingQuery,
  type ListingQuery,
  parseLimit,
  type Position,
  positionAfter,
  startOf,
} from './listing.ts';
import { ownerContent } from './owner.ts';
import type { Store } from './store.ts';
import { type Part, type Upload, uploadOf } from './uploads.ts';
import type { XmlContent } from './xml.ts';

export function listMultipartUploads(store: Store, call: S3Call): void {
  const query = listingQuery(call, 'max-uploads');
  const bucket = listableBucket(store, call, { action: 's3:ListBucketMultipartUploads', ...query });
  const from = laterOf(startOf(query), firstPosition(store, call, query));
  const page = collectPage((position) => scan(store, bucket.name, position), from, query);
  const write = keyWriter(call);
  sendXml(call.response, 'ListMultipartUploadsResult', {
    Bucket: bucket.name,
    ...sharedContent(call, query, page),
    KeyMarker: write(call.query.get('key-marker') ?? ''),
    UploadIdMarker: call.query.get('upload-id-marker') ?? '',
    MaxUploads: query.limit,
    ...nextMarkers(page, write),
    Upload: page.items.map((upload) => uploadContent(upload, bucket.accountId, write)),
  });
}

export function listParts(store: Store, call: S3Call): void {
  const bucket = findBucket(store, call);
  authorize(store, call, { action: 's3:ListMultipartUploadParts', bucket, key: call.key });
  const { uploadId, plan } = store.uploads.get(bucket.name, call.key, requiredQuery(call, 'uploadId'));
  const limit = parseLimit(call.query, 'max-parts');
  const marker = Number(call.query.get('part-number-marker') ?? 0);
  const found = store.uploads.parts(uploadId, marker, limit + 1);
  const parts = found.slice(0, limit);
  sendXml(call.response, 'ListPartsResult', {
    Bucket: bucket.name,
    Key: call.key,
    UploadId: uploadId,
    ChecksumAlgorithm: plan.named ? plan.algorithm : undefined,
    ChecksumType: plan.named ? plan.type : undefined,
    Initiator: ownerContent(bucket.accountId),
    Owner: ownerContent(bucket.accountId),
    StorageClass: 'STANDARD',
    PartNumberMarker: marker,
    NextPartNumberMarker: parts.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: found.length > limit,
    Part: parts.map(partContent),
  });
}

function* scan({ database }: Store, bucket: string, { key, sequence }: Position): Generator<Upload> {
  const rows = database
    .prepare(
      `SELECT * FROM uploads WHERE bucket = ? AND key >= ? AND (key > ? OR sequence > ?) ORDER BY key, sequence`,
    )
    .iterate(bucket, key, key, sequence ?? 0);
  for (const row of rows) yield uploadOf(row);
}

/**
 * Returns the position to start from. With an upload id marker it lies within the marker's key, otherwise behind
 * all uploads of that key.
 */
function firstPosition(
  { uploads }: Store,
  { bucket, query: parameters }: S3Call,
  query: ListingQuery,
): Position {
  const keyMarker = parameters.get('key-marker') ?? '';
  const uploadIdMarker = parameters.get('upload-id-marker') ?? '';
  if (keyMarker === '') return startOf(query);
  if (uploadIdMarker === '') return positionAfter(keyMarker, query);
  const { sequence } = uploads.get(bucket, keyMarker, uploadIdMarker);
  return { key: Buffer.from(keyMarker), sequence };
}

function nextMarkers(
  { isTruncated, last }: Listing<Upload>,
  write: (key: string) => string,
): Record<string, XmlContent> {
  if (!isTruncated || last === undefined) return {};
  if ('commonPrefix' in last) return { NextKeyMarker: write(last.commonPrefix) };
  return { NextKeyMarker: write(last.item.key), NextUploadIdMarker: last.item.uploadId };
}

function uploadContent(
  { key, uploadId, initiatedMs, plan }: Upload,
  accountId: string,
  write: (key: string) => string,
): XmlContent {
  return {
    Key: write(key),
    UploadId: uploadId,
    Initiator: ownerContent(accountId),
    Owner: ownerContent(accountId),
    StorageClass: 'STANDARD',
    Initiated: isoDate(initiatedMs),
    ChecksumAlgorithm: plan.named ? plan.algorithm : undefined,
    ChecksumType: plan.named ? plan.type : undefined,
  };
}

function partContent({ number, modifiedMs, etag, sizeBytes, checksum }: Part): XmlContent {
  return {
    PartNumber: number,
    LastModified: isoDate(modifiedMs),
    ETag: quoted(etag),
    Size: sizeBytes,
    [`Checksum${checksum.algorithm}`]: checksum.value,
  };
}
