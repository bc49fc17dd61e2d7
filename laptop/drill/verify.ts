/** Verifies what a drill leaves behind: every upload comes back whole and rests once, and nothing half-written shows. */
import { ListMultipartUploadsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { RESTORE_BUCKET, VAULT_BUCKET } from '../names.ts';
import { InvocationError, type PipelineClient, type Uploaded } from '../client.ts';
import { contentOf } from './content.ts';
import { sourceOf } from './load.ts';

export interface Remains {
  /** Uploads that could not be restored byte for byte. */
  readonly lost: number;
  /** Restored objects whose bytes are not the whole object's. */
  readonly halfWritten: number;
  /** Multipart uploads at the destinations that nobody ended: never visible, but somebody's bill. */
  readonly unfinished: number;
  /** Sets of chunks that can be seen in the vault and that no manifest is of. */
  readonly duplicates: number;
}

/** Restores every upload, `atOnce` at a time. */
export async function verify(
  client: PipelineClient,
  uploads: readonly Uploaded[],
  atOnce: number,
): Promise<Remains> {
  const limit = pLimit(atOnce);
  const halfWritten = await countHalfWritten(client);
  const unfinished = await countUnfinished(client);
  const whole = await Promise.all(
    uploads.map(async (uploaded) => await limit(async () => await comesBack(client, uploaded))),
  );
  return {
    lost: whole.filter((back) => !back).length,
    halfWritten,
    unfinished,
    duplicates: duplicatesAmong(await Array.fromAsync(keysIn(client, VAULT_BUCKET))),
  };
}

async function comesBack(client: PipelineClient, { tenantId, key }: Uploaded): Promise<boolean> {
  try {
    await client.restore({ tenantId, key });
  } catch (error) {
    if (error instanceof InvocationError) return false;
    throw error;
  }
  return await isWhole(client, `${tenantId}/${key}`);
}

async function isWhole(client: PipelineClient, destination: string): Promise<boolean> {
  const restored = Buffer.concat(await Array.fromAsync(await client.read(RESTORE_BUCKET, destination)));
  return restored.equals(contentOf(sourceOf(destination)));
}

async function countHalfWritten(client: PipelineClient): Promise<number> {
  let count = 0;
  for await (const key of keysIn(client, RESTORE_BUCKET)) if (!(await isWhole(client, key))) count += 1;
  return count;
}

async function countUnfinished({ s3 }: PipelineClient): Promise<number> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: RESTORE_BUCKET }));
  return Uploads.length;
}

/**
 * How many of the keys' sets of chunks have no manifest. Precondition: no name was uploaded twice, and all is sealed.
 * Older versions are not seen: work that ends between a chunk and its receipt has the chunk written over.
 */
export function duplicatesAmong(keys: readonly string[]): number {
  const places = keys.map((key) => key.split('/'));
  const chunkSets = new Set(
    places.flatMap(([tenantId, kind, objectId]) => (kind === 'chunks' ? [`${tenantId}/${objectId}`] : [])),
  );
  const manifests = places.filter(([, kind]) => kind !== 'chunks');
  return Math.max(0, chunkSets.size - manifests.length);
}

async function* keysIn({ s3 }: PipelineClient, bucket: string): AsyncGenerator<string> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket }))
    for (const { Key = '' } of Contents) yield Key;
}
