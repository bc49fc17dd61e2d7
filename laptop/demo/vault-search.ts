/** Reads everything that rests in the vault, lists it, and looks for plaintext in it. */
import { ListObjectVersionsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { INGEST_BUCKET, VAULT_BUCKET } from '../names.ts';
import type { PipelineClient } from '../client.ts';

export interface VaultEntry {
  readonly key: string;
  readonly bytes: number;
}

export async function listVault({ s3 }: PipelineClient): Promise<readonly VaultEntry[]> {
  const entries: VaultEntry[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: VAULT_BUCKET })) {
    for (const { Key = '', Size = 0 } of page.Contents ?? []) entries.push({ key: Key, bytes: Size });
  }
  return entries;
}

/** The number of versions that still rest in the ingest bucket; 1,000 stands for more. */
export async function countSources({ s3 }: PipelineClient): Promise<number> {
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: INGEST_BUCKET }));
  return Versions.length;
}

/** The keys of the vault that hold one of the needles. Reads every byte. */
export async function searchVault(
  client: PipelineClient,
  entries: readonly VaultEntry[],
  needles: readonly Buffer[],
  onProgress: (bytes: number) => void,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { key, bytes } of entries) {
    if (await holds(await client.read(VAULT_BUCKET, key), needles)) found.push(key);
    onProgress(bytes);
  }
  return found;
}

/** The end of one piece is searched with the next, so that no needle slips between two. */
async function holds(stream: AsyncIterable<Uint8Array>, needles: readonly Buffer[]): Promise<boolean> {
  const overlap = Math.max(0, ...needles.map((needle) => needle.length)) - 1;
  let tail: Uint8Array = Buffer.alloc(0);
  let found = false;
  for await (const piece of stream) {
    const window = Buffer.concat([tail, piece]);
    found ||= needles.some((needle) => window.includes(needle));
    tail = window.subarray(Math.max(0, window.length - overlap));
  }
  return found;
}
