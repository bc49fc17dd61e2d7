/** What the drill left behind: every upload comes back whole and rests once, and nothing half-written can be seen. */
import {
  type ListObjectVersionsCommandOutput,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { RESTORE_BUCKET, VAULT_BUCKET } from '../names.ts';
import { InvocationError, type PipelineClient, type Uploaded } from '../pipeline-client.ts';
import { contentOf } from './content.ts';
import { sourceOf } from './load.ts';

export interface Remains {
  /** Uploads that could not be restored byte for byte. */
  readonly lost: number;
  /** Restored objects whose bytes are not the whole object's. */
  readonly halfWritten: number;
  /** Multipart uploads at the destinations that nobody ended: never visible, but somebody's bill. */
  readonly unfinished: number;
  /** Keys of the vault that were written more than once. */
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
    duplicates: await countRewritten(client),
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
  for await (const page of paginateListObjectsV2({ client: client.s3 }, { Bucket: RESTORE_BUCKET }))
    for (const { Key = '' } of page.Contents ?? []) if (!(await isWhole(client, Key))) count += 1;
  return count;
}

async function countUnfinished({ s3 }: PipelineClient): Promise<number> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: RESTORE_BUCKET }));
  return Uploads.length;
}

/** Every chunk and manifest is written once, however often its job was delivered. */
async function countRewritten({ s3 }: PipelineClient): Promise<number> {
  const versions = new Map<string, number>();
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    page = await s3.send(
      new ListObjectVersionsCommand({
        Bucket: VAULT_BUCKET,
        KeyMarker: page?.NextKeyMarker,
        VersionIdMarker: page?.NextVersionIdMarker,
      }),
    );
    for (const { Key = '' } of page.Versions ?? []) versions.set(Key, (versions.get(Key) ?? 0) + 1);
  } while (page.IsTruncated === true);
  return [...versions.values()].filter((count) => count > 1).length;
}
