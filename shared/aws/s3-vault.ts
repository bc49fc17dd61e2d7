/** The vault bucket. Every write is conditional: chunks are written once, a manifest replaces only what was seen. */
import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { StoredManifest, Vault } from '../ports.ts';
import { byteStream } from './s3-body.ts';
import { httpStatus, storing } from './storage-failure.ts';

/** Another write came first (412), or is under way (409); for If-Match, what was seen is gone (404). */
const LOST_RACE_STATUSES: readonly number[] = [404, 409, 412];

export function s3Vault(s3: S3Client, bucket: string): Vault {
  return {
    async putChunk(key, message, signal) {
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: message, IfNoneMatch: '*' });
      const written = await unless(
        [412],
        's3:PutObject',
        async () => await s3.send(command, { abortSignal: signal }),
      );
      return written === undefined ? 'present' : 'written';
    },
    async getChunk(key, signal) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key });
      const answer = await unless(
        [404],
        's3:GetObject',
        async () => await s3.send(command, { abortSignal: signal }),
      );
      return answer === undefined ? undefined : byteStream(answer.Body);
    },
    listChunks: (prefix) => listChunks(s3, bucket, prefix),
    getManifest: async (key) => await getManifest(s3, bucket, key),
    async putManifest(key, body, replaced) {
      const condition = replaced === undefined ? { IfNoneMatch: '*' } : { IfMatch: replaced.etag };
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: 'application/json',
        ...condition,
      });
      const written = await unless(LOST_RACE_STATUSES, 's3:PutObject', async () => await s3.send(command));
      return written !== undefined;
    },
  };
}

async function* listChunks(s3: S3Client, bucket: string, prefix: string): ReturnType<Vault['listChunks']> {
  const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })[
    Symbol.asyncIterator
  ]();
  for (;;) {
    const page = await storing('s3:ListBucket', async () => await pages.next());
    if (page.done === true) return;
    for (const { Key = '', Size = 0 } of page.value.Contents ?? []) yield { key: Key, bytes: Size };
  }
}

async function getManifest(s3: S3Client, bucket: string, key: string): Promise<StoredManifest | undefined> {
  return await unless([404], 's3:GetObject', async () => {
    const { Body, ETag = '' } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const pieces: Uint8Array[] = [];
    for await (const piece of byteStream(Body)) pieces.push(piece);
    return { body: Buffer.concat(pieces), etag: ETag };
  });
}

/** Undefined where S3 answered one of `statuses`. */
async function unless<T>(
  statuses: readonly (number | undefined)[],
  operation: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  return await storing(operation, async () => {
    try {
      return await call();
    } catch (cause) {
      if (statuses.includes(httpStatus(cause))) return undefined;
      throw cause;
    }
  });
}
