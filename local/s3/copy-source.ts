/** The source of CopyObject and UploadPartCopy: it is found, permitted, and checked against the conditions. */
import { createHash } from 'node:crypto';
import { AwsError } from '../front/service.ts';
import type { Access } from './access.ts';
import type { AnswerHeaders } from './answer.ts';
import type { Bucket } from './buckets.ts';
import { parseTarget, type S3Call } from './call.ts';
import { type Checksum, type ChecksumAlgorithm, createDigest } from './checksum.ts';
import type { Range } from './contents.ts';
import { invalidArgument, invalidRequest, preconditionFailed } from './errors.ts';
import { assertVersionId, findVersion } from './find-version.ts';
import { assertExpectedOwner } from './known-headers.ts';
import { checkRead } from './preconditions.ts';
import { ARCHIVED_CLASSES, storageClassOf } from './storage-class.ts';
import type { Store } from './store.ts';
import type { Version } from './version.ts';

export interface CopySource {
  readonly bucket: Bucket;
  /** The version id in the header. Undefined for the latest version. */
  readonly versionId?: string;
  readonly version: Version;
}

const ACTIONS = { latest: 's3:GetObject', byId: 's3:GetObjectVersion' };

/**
 * Returns the source that a call names.
 * @throws InvalidArgument, NoSuchBucket, AccessDenied, NoSuchKey, NoSuchVersion, PreconditionFailed, or
 * InvalidRequest
 */
export function findCopySource(store: Store, call: S3Call): CopySource {
  const { bucketName, key, versionId } = parseCopySource(call.headers['x-amz-copy-source'] ?? '');
  const bucket = store.buckets.get(bucketName);
  assertExpectedOwner(call.headers['x-amz-source-expected-bucket-owner'], bucket.accountId);
  const version = findSourceVersion(store, call, bucket, key, versionId);
  if (checkRead(call.headers, version, 'x-amz-copy-source-') === 'not-modified')
    throw preconditionFailed('x-amz-copy-source-If-None-Match');
  if (ARCHIVED_CLASSES.includes(storageClassOf(version.attributes.headers))) throw notInActiveTier();
  return { bucket, versionId, version };
}

function notInActiveTier(): AwsError {
  const message =
    'The source object of the COPY operation is not in the active tier and is only stored in Amazon S3 Glacier.';
  return new AwsError('ObjectNotInActiveTierError', 403, message);
}

/** Returns the header with the source's version, if its bucket has versioning. */
export function sourceVersionHeader({ bucket, version }: CopySource): AnswerHeaders {
  return bucket.versioning === undefined ? {} : { 'x-amz-copy-source-version-id': version.versionId };
}

/** Reads a range of a held content, and returns its MD5 in hex and its checksum. */
export async function digestContent(
  { contents }: Store,
  { content, range }: { readonly content: number; readonly range: Range },
  algorithm: ChecksumAlgorithm,
): Promise<{ readonly md5: string; readonly checksum: Checksum }> {
  const md5 = createHash('md5');
  const digest = createDigest(algorithm);
  for await (const chunk of contents.read(content, range)) {
    md5.update(chunk);
    digest.update(chunk);
  }
  const value = digest.digest().toString('base64');
  return { md5: md5.digest('hex'), checksum: { algorithm, type: 'FULL_OBJECT', value } };
}

/** Parses `[/]bucket/key[?versionId=id]`, percent-encoded. */
function parseCopySource(header: string): { bucketName: string; key: string; versionId?: string } {
  const [path = '', query] = header.replace(/^\//, '').split('?', 2);
  const { bucket, key } = parseTarget(path);
  const versionId = new URLSearchParams(query).get('versionId') ?? undefined;
  if (bucket === '' || key === '')
    throw invalidArgument('Invalid copy source object key', 'x-amz-copy-source', header);
  if (versionId !== undefined) assertVersionId(versionId);
  return { bucketName: bucket, key, versionId };
}

function findSourceVersion(
  store: Store,
  call: S3Call,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Version {
  const context: Access['context'] = versionId === undefined ? {} : { 's3:VersionId': versionId };
  try {
    return findVersion(store, call, { bucket, key, versionId, actions: ACTIONS, context });
  } catch (error) {
    if (error instanceof AwsError && error.code === 'MethodNotAllowed')
      throw invalidRequest(
        'The source of a copy request may not specifically refer to a delete marker by version id.',
      );
    throw error;
  }
}
