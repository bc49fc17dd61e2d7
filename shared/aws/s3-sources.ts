/** The ingest bucket. A version is immutable: a read by version id gets what was planned, or nothing. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  type GetObjectTaggingCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { rangeBytes } from '../object/geometry.ts';
import type { SourceVersion } from '../object/source-version.ts';
import { SourceChangedError } from '../errors.ts';
import type { SizedVersion, SourceDescription, Sources } from '../ports/sources.ts';
import { boundedStream, discard } from './s3-body.ts';
import { sourceFailure, unreadable } from './source-failure.ts';
import { descriptionOf, type SourceHeaders } from './source-headers.ts';
import { httpStatus, mapStorageFailure } from './storage-failure.ts';

/** The permission that a GET and a HEAD of a version need. */
const READ = 's3:GetObjectVersion';

export function s3Sources(s3: S3Client): Sources {
  async function described(
    source: SourceVersion,
    headers: SourceHeaders,
    signal?: AbortSignal,
  ): Promise<SourceDescription> {
    // S3 keeps metadata that no header can carry. Of that it answers only the number.
    if ((headers.MissingMeta ?? 0) > 0)
      throw unreadable(source, 'it has user metadata that S3 does not answer');
    return descriptionOf(headers, (headers.TagCount ?? 0) === 0 ? {} : await readTags(source, signal));
  }

  async function readTags(source: SourceVersion, signal?: AbortSignal): Promise<Record<string, string>> {
    const command = new GetObjectTaggingCommand(locate(source));
    const send = async (): Promise<GetObjectTaggingCommandOutput> =>
      await s3.send(command, { abortSignal: signal });
    const { TagSet = [] } = await onVersion('s3:GetObjectVersionTagging', source, send);
    return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
  }

  return {
    async readWhole(version, signal) {
      const answer = await get(s3, version.source, { signal });
      try {
        const content = expectedBytes(answer, version, version.sizeBytes);
        return { content, description: await described(version.source, answer, signal) };
      } catch (error) {
        discard(answer);
        throw error;
      }
    },
    async readRange(version, range, signal) {
      const answer = await get(s3, version.source, {
        range: `bytes=${range.start}-${range.end - 1}`,
        signal,
      });
      return expectedBytes(answer, version, rangeBytes(range));
    },
    async describe(source) {
      return await described(source, await onVersion(READ, source, async () => await headOf(s3, source)));
    },
    async remove(source) {
      const command = new DeleteObjectCommand(locate(source));
      await mapStorageFailure('s3:DeleteObjectVersion', async () => await s3.send(command), source.bucket);
    },
  };
}

interface Request {
  /** Undefined: the whole version. */
  readonly range?: string;
  readonly signal: AbortSignal;
}

/**
 * Asks for bytes of a version. Of a whole version S3 answers the checksums that it holds, and the SDK compares the body
 * with them while it is read.
 */
async function get(
  s3: S3Client,
  source: SourceVersion,
  { range, signal }: Request,
): Promise<GetObjectCommandOutput> {
  const command = new GetObjectCommand({ ...locate(source), Range: range, ChecksumMode: 'ENABLED' });
  return await onVersion(READ, source, async () => await s3.send(command, { abortSignal: signal }));
}

/** @throws SourceChangedError, then or while it is read, when the version is not of the expected size */
function expectedBytes(
  answer: GetObjectCommandOutput,
  { source, sizeBytes }: SizedVersion,
  bytes: number,
): AsyncIterable<Uint8Array> {
  const { ContentRange, ContentLength } = answer;
  const totalBytes = ContentRange === undefined ? ContentLength : Number(ContentRange.split('/')[1]);
  const changed = (): SourceChangedError =>
    new SourceChangedError(
      `version ${source.versionId} has ${totalBytes} bytes, but ${sizeBytes} were expected`,
    );
  const body = boundedStream(answer, bytes, changed);
  if (totalBytes === sizeBytes) return body;
  discard(answer);
  throw changed();
}

/**
 * Runs the call, and turns its failure into an error that says what became of the version, or what is wrong with S3.
 */
async function onVersion<T>(operation: string, source: SourceVersion, call: () => Promise<T>): Promise<T> {
  return await mapStorageFailure(
    operation,
    async () => {
      try {
        return await call();
      } catch (cause) {
        throw sourceFailure(cause, operation, source);
      }
    },
    source.bucket,
  );
}

/**
 * Asks for the headers by HEAD. A refusal of HEAD has no body that says why, so then the same version is asked for by
 * GET.
 */
async function headOf(s3: S3Client, source: SourceVersion): Promise<HeadObjectCommandOutput> {
  try {
    return await s3.send(new HeadObjectCommand({ ...locate(source), ChecksumMode: 'ENABLED' }));
  } catch (error) {
    if (isRefusal(error)) await refuseByName(s3, source);
    throw error;
  }
}

async function refuseByName(s3: S3Client, source: SourceVersion): Promise<void> {
  discard(await s3.send(new GetObjectCommand(locate(source))));
}

function isRefusal(error: unknown): boolean {
  const status = httpStatus(error) ?? 500;
  return status >= 400 && status < 500;
}

function locate({ bucket, key, versionId }: SourceVersion): {
  Bucket: string;
  Key: string;
  VersionId: string;
} {
  return { Bucket: bucket, Key: key, VersionId: versionId };
}
