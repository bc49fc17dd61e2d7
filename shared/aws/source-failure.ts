/**
 * The meaning of S3's refusal to read a version of an upload: it is gone, or it is there and can never be read as it
 * is. Any other refusal is of the bucket, our role or S3, and says nothing about the version.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 */
import type { SourceVersion } from '../object/source-version.ts';
import { errorOf, SourceChangedError, SourceUnreadableError } from '../errors.ts';
import { exceptionName } from './storage-failure.ts';

/** The refusals of a version that is gone, is a delete marker, or is shorter than planned. */
const GONE: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchVersion', 'MethodNotAllowed', 'InvalidRange']);

/** The reason that a version cannot be read, and what its uploader can do. */
const UNREADABLE: ReadonlyMap<string, string> = new Map([
  [
    'InvalidObjectState',
    'it is archived: restore it (s3:RestoreObject), or keep uploads out of archive classes',
  ],
  ['InvalidRequest', 'it is encrypted with a key that S3 does not keep (SSE-C): upload it again without one'],
  ['KMS.NotFoundException', 'the KMS key that S3 encrypted it with (SSE-KMS) is gone: upload it again'],
  ['KeyTooLongError', 'no object has such a name'],
  ['InvalidArgument', 'no object has such a version'],
]);

/** Returns the error for a refusal by its name, or the refusal itself if it says nothing about the version. */
export function sourceFailure(cause: unknown, operation: string, source: SourceVersion): Error {
  const name = exceptionName(cause);
  if (GONE.has(name))
    return new SourceChangedError(`version ${source.versionId} is gone from ${source.bucket}`, { cause });
  const why = UNREADABLE.get(name);
  return why === undefined
    ? errorOf(cause)
    : unreadable(source, `${operation} answered ${name}; ${why}`, cause);
}

/** Makes the error for a version that is there, but cannot be read as a whole. */
export function unreadable(source: SourceVersion, why: string, cause?: unknown): SourceUnreadableError {
  const version = `s3://${source.bucket}/${source.key}, version ${source.versionId}`;
  return new SourceUnreadableError(
    `${version}: ${why}. The upload is kept; once it can be read, remove \`unreadable\` from its plan in the state table`,
    { cause },
  );
}
