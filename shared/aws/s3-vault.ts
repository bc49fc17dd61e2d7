/** The vault bucket. Every write is conditional: it replaces nothing, or only what was seen. */
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { rangeBytes } from '../object/geometry.ts';
import { decodeFormKey } from '../object/source-version.ts';
import { AuthenticationFailedError, ManifestInvalidError } from '../errors.ts';
import { MAX_ENTRY_BYTES, type StoredEntry, type Vault } from '../ports/vault.ts';
import { hasHeaders } from './s3-stored-headers.ts';
import { boundedStream } from './s3-body.ts';
import { exceptionName, httpStatus, mapStorageFailure } from './storage-failure.ts';

/** Another write came first (412), or is under way (409); for If-Match, what was seen is gone (404). */
const LOST_RACE_STATUSES: readonly number[] = [404, 409, 412];

/** There is no such object (404), or no byte of the range (416). */
const NOTHING_THERE_STATUSES: readonly number[] = [404, 416];

export function s3Vault(s3: S3Client, bucket: string): Vault {
  return {
    async putChunk({ key, message, replacedEtag }, signal) {
      const condition = over(replacedEtag);
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: message, ...condition });
      leaveBodyUnsigned(command);
      const lost = { statuses: LOST_RACE_STATUSES, operation: permissionTo(condition), bucket };
      const written = await unless(lost, async () => await s3.send(command, { abortSignal: signal }));
      if (written === undefined) return undefined;
      const { ETag = '', ChecksumCRC32 = '' } = written;
      return { etag: ETag, checksum: ChecksumCRC32 };
    },
    async getChunk(key, maxBytes, signal) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key });
      const none = { statuses: [404], operation: 's3:GetObject', bucket };
      const answer = await unless(none, async () => await s3.send(command, { abortSignal: signal }));
      return answer && boundedStream(answer, maxBytes, () => tooLarge(key));
    },
    async getChunkRange(key, range, signal) {
      const { start, end } = range;
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${start}-${end - 1}` });
      const none = { statuses: NOTHING_THERE_STATUSES, operation: 's3:GetObject', bucket };
      const answer = await unless(none, async () => await s3.send(command, { abortSignal: signal }));
      return answer && boundedStream(answer, rangeBytes(range), () => tooLarge(key));
    },
    listChunks: (prefix) => listChunks(s3, bucket, prefix),
    getEntry: async (key) => await getEntry(s3, bucket, key),
    async putEntry(key, { body, clear }, replaced) {
      const condition = over(replaced?.etag);
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ...(clear === undefined
          ? { ContentType: 'application/json' }
          : { ContentType: 'application/octet-stream', Metadata: { [CLEAR_PART]: clear } }),
        ...condition,
      });
      const lost = { statuses: LOST_RACE_STATUSES, operation: permissionTo(condition), bucket };
      return (await unless(lost, async () => await s3.send(command))) !== undefined;
    },
  };
}

/** The name of the user metadata that holds the clear part of an inline object. */
const CLEAR_PART = 'sealstream';

/**
 * Leaves the body of a chunk out of the request's signature. Its SHA-256 would take twice as long as its encryption. A
 * chunk needs no signature: it is authenticated itself, TLS protects it on the way, and S3 compares it with its CRC-32.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
function leaveBodyUnsigned(command: PutObjectCommand): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      if (hasHeaders(args.request)) args.request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return await next(args);
    },
    { step: 'build', name: 'leaveBodyUnsigned' },
  );
}

type Condition = { readonly IfNoneMatch: string } | { readonly IfMatch: string };

function over(replacedEtag: string | undefined): Condition {
  return replacedEtag === undefined ? { IfNoneMatch: '*' } : { IfMatch: replacedEtag };
}

/**
 * Returns the permission that the write needs:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
function permissionTo(condition: Condition): string {
  return 'IfMatch' in condition ? 's3:PutObject with s3:GetObject' : 's3:PutObject';
}

async function* listChunks(s3: S3Client, bucket: string, prefix: string): ReturnType<Vault['listChunks']> {
  // XML cannot hold every key that S3 takes, and others than we may have put objects there.
  const query = { Bucket: bucket, Prefix: prefix, EncodingType: 'url' } as const;
  const pages = paginateListObjectsV2({ client: s3 }, query)[Symbol.asyncIterator]();
  for (;;) {
    const page = await mapStorageFailure('s3:ListBucket', async () => await pages.next(), bucket);
    if (page.done === true) return;
    for (const { Key = '', Size = 0, ETag = '' } of page.value.Contents ?? [])
      yield { key: decodeFormKey(Key), bytes: Size, etag: ETag };
  }
}

async function getEntry(s3: S3Client, bucket: string, key: string): Promise<StoredEntry | undefined> {
  const read = async (): Promise<StoredEntry> => {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const { ETag = '', LastModified, Metadata } = answer;
    return {
      body: await entryBody(answer),
      clear: Metadata?.[CLEAR_PART],
      etag: ETag,
      modifiedAt: LastModified?.toISOString(),
    };
  };
  return await unless({ statuses: [404], operation: 's3:GetObject', bucket }, read);
}

/** Reads the body of an entry. An object that is too large to be one counts as empty, whoever put it there. */
async function entryBody(answer: GetObjectCommandOutput): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of boundedStream(answer, MAX_ENTRY_BYTES, noEntry)) pieces.push(piece);
    return Buffer.concat(pieces);
  } catch (error) {
    if (error instanceof ManifestInvalidError) return new Uint8Array();
    throw error;
  }
}

function noEntry(): ManifestInvalidError {
  return new ManifestInvalidError(`entry: larger than ${MAX_ENTRY_BYTES} bytes`);
}

function tooLarge(key: string): AuthenticationFailedError {
  return new AuthenticationFailedError(`${key} is larger than its chunk can be`);
}

/** The statuses by which S3 says that an object is missing, or is another one than expected. */
interface Absence {
  readonly statuses: readonly (number | undefined)[];
  readonly operation: string;
  readonly bucket: string;
}

/** Returns undefined when S3 answered one of the statuses. A missing bucket is a failure, not a missing object. */
async function unless<T>(
  { statuses, operation, bucket }: Absence,
  call: () => Promise<T>,
): Promise<T | undefined> {
  const attempt = async (): Promise<T | undefined> => {
    try {
      return await call();
    } catch (cause) {
      if (statuses.includes(httpStatus(cause)) && exceptionName(cause) !== 'NoSuchBucket') return undefined;
      throw cause;
    }
  };
  return await mapStorageFailure(operation, attempt, bucket);
}
