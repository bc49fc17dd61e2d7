/** Deletes what a tenant has in a bucket, versions and delete markers alike, for good. */
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { decodeFormKey } from '../object/source-version.ts';
import { StorageUnavailableError } from '../errors.ts';
import type { Deleted, RefusedVersion } from '../ports/vault.ts';
import type { VersionMarker } from '../ports/sources.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { exceptionName, httpStatus, mapStorageFailure } from './storage-failure.ts';

interface Purge {
  readonly tenantId: TenantId;
  readonly after?: VersionMarker | undefined;
}

/**
 * Deletes up to 1,000 versions below `{tenantId}/`, those behind `after` (undefined: from the start). When none was
 * deleted and none was refused, no version is left.
 * @throws StorageUnavailableError for a failure that may pass
 */
export async function purgeSome(s3: S3Client, bucket: string, { tenantId, after }: Purge): Promise<Deleted> {
  const versions = await mapStorageFailure(
    's3:ListBucketVersions',
    async () => await someVersions(s3, { bucket, prefix: `${tenantId}/`, after }),
  );
  const together = versions.filter(({ key }) => XML_TEXT.test(key));
  const areGone = together.length > 0 && (await deletedAtOnce(s3, bucket, together));
  const alone = areGone ? versions.filter((version) => !together.includes(version)) : versions;
  const refused = await refusedOneByOne(s3, bucket, alone);
  return { versions: versions.length - refused.length, refused };
}

/**
 * The names that an XML 1.0 document holds as they are. DeleteObjects takes its names in such a document, but S3
 * accepts names that no such document can hold, or that it holds only by a character reference. Versions of those names
 * are deleted one by one.
 * https://www.w3.org/TR/xml/#charsets
 */
const XML_TEXT = /^[\u{20}-\u{7e}\u{a0}-\u{2027}\u{202a}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u;

/**
 * Deletes all in one request, and returns true when all are gone. Otherwise the caller deletes each by itself, and
 * learns from its own answer why it is not gone.
 */
async function deletedAtOnce(
  s3: S3Client,
  bucket: string,
  versions: readonly VersionMarker[],
): Promise<boolean> {
  const Objects = versions.map(({ key: Key, versionId: VersionId }) => ({ Key, VersionId }));
  const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
  try {
    const { Errors = [] } = await s3.send(command);
    return Errors.length === 0;
  } catch (cause) {
    requireRefusal(cause);
    return false;
  }
}

const DELETIONS_AT_ONCE = 16;

async function refusedOneByOne(
  s3: S3Client,
  bucket: string,
  versions: readonly VersionMarker[],
): Promise<readonly RefusedVersion[]> {
  const limit = pLimit(DELETIONS_AT_ONCE);
  const codes = await Promise.all(
    versions.map(async (version) => limit(async () => await refusalOf(s3, bucket, version))),
  );
  return versions.flatMap((version, index) => {
    const code = codes[index];
    return code === undefined ? [] : [{ ...version, code }];
  });
}

/** Returns the code that S3 answered; undefined when the version is gone. */
async function refusalOf(
  s3: S3Client,
  Bucket: string,
  { key: Key, versionId: VersionId }: VersionMarker,
): Promise<string | undefined> {
  try {
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    return undefined;
  } catch (cause) {
    requireRefusal(cause);
    return exceptionName(cause);
  }
}

/**
 * The failures that pass although their status is 4xx:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 */
const PASSING: ReadonlySet<string> = new Set(['OperationAborted', 'RequestTimeout', 'TooManyRequests']);

/** @throws StorageUnavailableError unless S3 refused, and will refuse again the next time */
function requireRefusal(cause: unknown): void {
  const status = httpStatus(cause) ?? 500;
  const name = exceptionName(cause);
  if (status >= 400 && status < 500 && !PASSING.has(name)) return;
  throw new StorageUnavailableError(`s3:DeleteObjectVersion answered ${name}`, { cause });
}

interface VersionsBelow {
  readonly bucket: string;
  readonly prefix: string;
  readonly after: VersionMarker | undefined;
}

/**
 * Lists versions in the order of the bucket: by the bytes of the key, the newest first. S3's times are whole seconds.
 * Within one second a delete marker counts as the newest. When it is not, some versions are listed twice, which does no
 * harm.
 */
async function someVersions(
  s3: S3Client,
  { bucket, prefix, after }: VersionsBelow,
): Promise<readonly VersionMarker[]> {
  const command = new ListObjectVersionsCommand({
    Bucket: bucket,
    Prefix: prefix,
    EncodingType: 'url',
    KeyMarker: after?.key,
    VersionIdMarker: after?.versionId,
  });
  const { Versions = [], DeleteMarkers = [] } = await s3.send(command);
  return [...DeleteMarkers, ...Versions]
    .map(({ Key = '', VersionId = '', LastModified }) => ({
      key: decodeFormKey(Key),
      versionId: VersionId,
      atMs: LastModified?.getTime() ?? 0,
    }))
    .toSorted((one, other) => compareKeys(one.key, other.key) || other.atMs - one.atMs)
    .map(({ key, versionId }) => ({ key, versionId }));
}

function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
