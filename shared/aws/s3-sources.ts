/** The ingest bucket. A version is immutable: a read by version id gets what was planned, or nothing. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { chunkRange } from '../object/geometry.ts';
import type { SourceVersion } from '../object/source-version.ts';
import { SourceChangedError } from '../errors.ts';
import type { Attributes, SourceChecksum } from '../object/attributes.ts';
import type { PlannedSource, SourceDescription, Sources } from '../ports/sources.ts';
import { boundedStream } from './s3-body.ts';
import { sourceFailure, unreadable } from './source-failure.ts';
import { httpStatus, mapStorageFailure } from './storage-failure.ts';

/** The permission that a GET and a HEAD of a version need. */
const READ = 's3:GetObjectVersion';

export function s3Sources(s3: S3Client): Sources {
  return {
    async read(planned, chunkIndex, signal) {
      const command = rangedGet(planned, chunkIndex);
      const send = async (): Promise<GetObjectCommandOutput> =>
        await s3.send(command, { abortSignal: signal });
      return plannedBytes(await onVersion(READ, planned.source, send), planned, chunkIndex);
    },
    describe: async (source) => await describe(s3, source),
    async remove(source) {
      const command = new DeleteObjectCommand(locate(source));
      await mapStorageFailure('s3:DeleteObjectVersion', async () => await s3.send(command), source.bucket);
    },
  };
}

function rangedGet(planned: PlannedSource, chunkIndex: number): GetObjectCommand {
  const { start, end } = chunkRange(planned, chunkIndex);
  // An empty object has no range to ask for.
  const range = end > start ? { Range: `bytes=${start}-${end - 1}` } : {};
  return new GetObjectCommand({ ...locate(planned.source), ...range });
}

/** @throws SourceChangedError, then or while it is read, when the version is not of the planned size */
function plannedBytes(
  answer: GetObjectCommandOutput,
  planned: PlannedSource,
  chunkIndex: number,
): AsyncIterable<Uint8Array> {
  const { source, sizeBytes } = planned;
  const { start, end } = chunkRange(planned, chunkIndex);
  const { ContentRange, ContentLength } = answer;
  const totalBytes = ContentRange === undefined ? ContentLength : Number(ContentRange.split('/')[1]);
  const changed = (): SourceChangedError =>
    new SourceChangedError(
      `version ${source.versionId} has ${totalBytes} bytes, but ${sizeBytes} were planned`,
    );
  const body = boundedStream(answer, end - start, changed);
  if (totalBytes !== sizeBytes) throw changed();
  return body;
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

async function describe(s3: S3Client, source: SourceVersion): Promise<SourceDescription> {
  const head = await onVersion(READ, source, async () => await headOf(s3, source));
  // S3 keeps metadata that no header can carry. Of that it answers only the number.
  if ((head.MissingMeta ?? 0) > 0) throw unreadable(source, 'it has user metadata that S3 does not answer');
  const tags = (head.TagCount ?? 0) === 0 ? {} : await readTags(s3, source);
  const modifiedAt = head.LastModified?.toISOString();
  return { modifiedAt, attributes: attributesOf(head, tags), checksums: checksumsOf(head) };
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
  const { Body } = await s3.send(new GetObjectCommand(locate(source)));
  if (Body instanceof Readable) Body.destroy();
}

function isRefusal(error: unknown): boolean {
  const status = httpStatus(error) ?? 500;
  return status >= 400 && status < 500;
}

async function readTags(s3: S3Client, source: SourceVersion): Promise<Record<string, string>> {
  const { TagSet = [] } = await onVersion(
    's3:GetObjectVersionTagging',
    source,
    async () => await s3.send(new GetObjectTaggingCommand(locate(source))),
  );
  return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
}

function attributesOf(head: HeadObjectCommandOutput, tags: Record<string, string>): Attributes {
  return {
    contentType: head.ContentType,
    cacheControl: head.CacheControl,
    contentDisposition: head.ContentDisposition,
    contentEncoding: head.ContentEncoding,
    contentLanguage: head.ContentLanguage,
    expires: head.ExpiresString,
    metadata: head.Metadata ?? {},
    tags,
  };
}

function checksumsOf(head: HeadObjectCommandOutput): readonly SourceChecksum[] {
  const type = head.ChecksumType ?? 'FULL_OBJECT';
  const held = [
    ['CRC32', head.ChecksumCRC32],
    ['CRC32C', head.ChecksumCRC32C],
    ['CRC64NVME', head.ChecksumCRC64NVME],
    ['SHA1', head.ChecksumSHA1],
    ['SHA256', head.ChecksumSHA256],
  ] as const;
  return held.flatMap(([algorithm, value]) => (value === undefined ? [] : [{ algorithm, type, value }]));
}

function locate({ bucket, key, versionId }: SourceVersion): {
  Bucket: string;
  Key: string;
  VersionId: string;
} {
  return { Bucket: bucket, Key: key, VersionId: versionId };
}
