/**
 * Refuses headers that would change the meaning of a request and are not implemented. A header that S3 knows is not
 * silently ignored.
 */
import { accessDenied, notImplemented } from './errors.ts';
import { ARCHIVED_CLASSES } from './storage-class.ts';

const KNOWN = new Set(
  [
    'date',
    'content-sha256',
    'security-token',
    'user-agent',
    'sdk-checksum-algorithm',
    'trailer',
    'decoded-content-length',
    'tagging',
    'tagging-directive',
    'metadata-directive',
    'copy-source',
    'copy-source-range',
    'copy-source-if-match',
    'copy-source-if-none-match',
    'copy-source-if-modified-since',
    'copy-source-if-unmodified-since',
    'checksum-algorithm',
    'checksum-type',
    'checksum-mode',
    'checksum-crc32',
    'checksum-crc32c',
    'checksum-crc64nvme',
    'checksum-sha1',
    'checksum-sha256',
    'expected-bucket-owner',
    'source-expected-bucket-owner',
    'request-payer',
    'mp-object-size',
    'skip-destination-validation',
  ].map((name) => `x-amz-${name}`),
);

/** Headers that are accepted with these values only, which describe what every bucket does. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  'x-amz-server-side-encryption': ['AES256'],
  'x-amz-storage-class': ['STANDARD', ...ARCHIVED_CLASSES],
  'x-amz-acl': ['private', 'bucket-owner-full-control'],
  'x-amz-object-ownership': ['BucketOwnerEnforced'],
  'x-amz-bucket-object-lock-enabled': ['false'],
  'x-amz-server-side-encryption-bucket-key-enabled': ['false'],
};

/** @throws NotImplemented for the first x-amz- header that is not known */
export function assertKnownHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('x-amz-') && !name.startsWith('x-amz-meta-') && !isKnown(name, value))
      throw notImplemented(name);
}

/** @throws AccessDenied when the caller names an owner that the bucket does not have */
export function assertExpectedOwner(expectedAccountId: string | undefined, accountId: string): void {
  if (expectedAccountId !== undefined && expectedAccountId !== accountId) throw accessDenied();
}

function isKnown(name: string, value: string): boolean {
  return KNOWN.has(name) || FIXED[name]?.includes(value) === true;
}
