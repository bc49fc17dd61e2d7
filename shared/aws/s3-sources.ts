/** The ingest bucket. A version is immutable: reading by version id is reading what was planned, or nothing. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { chunkRange, type Geometry } from '../chunk/geometry.ts';
import type { SourceVersion } from '../chunk/plan.ts';
import { SourceChangedError } from '../errors.ts';
import type { Attributes, SourceChecksum } from '../manifest/manifest.ts';
import type { ByteStream, Sources } from '../ports.ts';
import { boundedStream } from './s3-body.ts';
import { httpStatus, storing } from './storage-failure.ts';

/** Gone, a delete marker, or shorter than planned. */
const CHANGED_STATUSES: ReadonlySet<number | undefined> = new Set([404, 405, 416]);

export function s3Sources(s3: S3Client): Sources {
  return {
    read: async (source, geometry, chunkIndex, signal) =>
      await onVersion(
        's3:GetObjectVersion',
        source,
        async () => await read(s3, source, geometry, chunkIndex, signal),
      ),
    describe: async (source) =>
      await onVersion('s3:GetObjectVersion', source, async () => {
        const head = await s3.send(new HeadObjectCommand({ ...locate(source), ChecksumMode: 'ENABLED' }));
        const tags = (head.TagCount ?? 0) === 0 ? {} : await readTags(s3, source);
        return { attributes: attributesOf(head, tags), checksums: checksumsOf(head) };
      }),
    async remove(source) {
      await storing(
        's3:DeleteObjectVersion',
        async () => await s3.send(new DeleteObjectCommand(locate(source))),
      );
    },
  };
}

async function read(
  s3: S3Client,
  source: SourceVersion,
  geometry: Geometry,
  chunkIndex: number,
  signal: AbortSignal,
): Promise<ByteStream> {
  const { start, end } = chunkRange(geometry, chunkIndex);
  // An empty object has no range to ask for.
  const range = end > start ? { Range: `bytes=${start}-${end - 1}` } : {};
  const command = new GetObjectCommand({ ...locate(source), ...range });
  const answer = await s3.send(command, { abortSignal: signal });
  const { ContentRange, ContentLength } = answer;
  const totalBytes = ContentRange === undefined ? ContentLength : Number(ContentRange.split('/')[1]);
  const changed = (): SourceChangedError =>
    new SourceChangedError(
      `version ${source.versionId} has ${totalBytes} bytes, planned ${geometry.sizeBytes}`,
    );
  const body = boundedStream(answer, end - start, changed);
  if (totalBytes !== geometry.sizeBytes) throw changed();
  return body;
}

async function onVersion<T>(operation: string, source: SourceVersion, call: () => Promise<T>): Promise<T> {
  return await storing(operation, async () => {
    try {
      return await call();
    } catch (cause) {
      if (!CHANGED_STATUSES.has(httpStatus(cause))) throw cause;
      throw new SourceChangedError(`version ${source.versionId} is gone from ${source.bucket}`, { cause });
    }
  });
}

async function readTags(s3: S3Client, source: SourceVersion): Promise<Record<string, string>> {
  const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand(locate(source)));
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
