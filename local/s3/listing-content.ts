/** The parts that the documents of all listings share. */
import { authorize } from './access.ts';
import type { Bucket } from './buckets.ts';
import type { S3Call } from './call.ts';
import { findBucket } from './find-bucket.ts';
import { encodeKey } from './key-encoding.ts';
import type { Listing, ListingQuery } from './listing.ts';
import type { Store } from './store.ts';
import type { XmlContent } from './xml.ts';

/**
 * Returns the bucket of a listing, which the caller may list as it asks to.
 * @throws AccessDenied
 */
export function listableBucket(
  store: Store,
  call: S3Call,
  { action, prefix, delimiter, limit }: ListingQuery & { readonly action: string },
): Bucket {
  const bucket = findBucket(store, call);
  const shared = { 's3:prefix': prefix, 's3:max-keys': String(limit) };
  const context = call.query.has('delimiter') ? { ...shared, 's3:delimiter': delimiter } : shared;
  authorize(store, call, { action, bucket, context });
  return bucket;
}

/** Returns the function that writes keys in this answer: form-encoded with encoding-type=url, unchanged otherwise. */
export function keyWriter({ query }: S3Call): (key: string) => string {
  return query.has('encoding-type') ? encodeKey : (key) => key;
}

export function sharedContent<T>(
  call: S3Call,
  { prefix, delimiter }: ListingQuery,
  { commonPrefixes, isTruncated }: Listing<T>,
): Record<string, XmlContent> {
  const write = keyWriter(call);
  return {
    Prefix: write(prefix),
    Delimiter: delimiter === '' ? undefined : write(delimiter),
    EncodingType: call.query.get('encoding-type') ?? undefined,
    IsTruncated: isTruncated,
    CommonPrefixes: commonPrefixes.map((common) => ({ Prefix: write(common) })),
  };
}
