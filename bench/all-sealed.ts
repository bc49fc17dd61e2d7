/**
 * The wait for many objects at once. It asks whether any source is left, because to ask for each object would be most of
 * the work: a source is deleted after its object is sealed.
 */
import { ListObjectsV2Command, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { setTimeout as delay } from 'node:timers/promises';
import { INGEST_BUCKET, VAULT_BUCKET } from '../laptop/names.ts';
import { entryKey } from '../shared/object/vault-key.ts';
import { type TenantId } from '../shared/tenant/tenant-id.ts';

export interface Names {
  readonly tenantId: TenantId;
  /** The beginning of the keys of the objects, and of no others. */
  readonly prefix: string;
  readonly objects: number;
}

const POLL_MS = 50;

/**
 * Resolves once all objects, which are uploaded already, are sealed and their sources are gone.
 * @throws the signal's reason before that, or Error when an object is gone without a seal
 */
export async function allSealed(s3: S3Client, names: Names, signal: AbortSignal): Promise<void> {
  while (await hasSource(s3, names)) await delay(POLL_MS, undefined, { signal });
  const sealed = await sealedCount(s3, names);
  if (sealed !== names.objects) throw new Error(`${sealed} of ${names.objects} objects are sealed`);
}

async function sealedCount(s3: S3Client, { tenantId, prefix }: Names): Promise<number> {
  const range = { Bucket: VAULT_BUCKET, Prefix: entryKey(tenantId, prefix) };
  let count = 0;
  let next: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ ...range, ContinuationToken: next }));
    count += page.KeyCount ?? 0;
    next = page.NextContinuationToken;
  } while (next !== undefined);
  return count;
}

async function hasSource(s3: S3Client, { tenantId, prefix }: Names): Promise<boolean> {
  const command = new ListObjectVersionsCommand({
    Bucket: INGEST_BUCKET,
    Prefix: `${tenantId}/${prefix}`,
    MaxKeys: 1,
  });
  return ((await s3.send(command)).Versions ?? []).length > 0;
}
