/** The state that the pipeline must be in once it has dealt with everything, whatever happened on the way. */
import { expect } from 'vitest';
import * as z from 'zod';
import { parseNotification, uploadOf } from '../../shared/ingest/notification.ts';
import { type ChunkJob, type Job, jobsOf } from '../../shared/object/job.ts';
import { type Plan, planSchema } from '../../shared/object/plan.ts';
import { chunkKey, chunkPrefix, entryKey } from '../../shared/object/vault-key.ts';
import { INGEST_BUCKET, VAULT_BUCKET } from '../../laptop/names.ts';
import type { Uploaded } from '../../laptop/client.ts';
import type { HeldUpload } from './held-uploads.ts';
import { INLINE_BYTES } from './chunk-bytes.ts';
import type { Pipeline } from './pipeline.ts';

/** Waits for the plan of an upload, and returns it. */
async function awaitPlan(pipeline: Pipeline, uploaded: Uploaded): Promise<Plan> {
  await pipeline.until(async () => (await pipeline.planOf(uploaded)) !== undefined);
  return planSchema.parse(await pipeline.planOf(uploaded));
}

/** Returns the jobs that ingest makes of an upload: of a small one the one that names it, without waiting. */
export async function jobsOfUpload(pipeline: Pipeline, upload: HeldUpload): Promise<readonly Job[]> {
  if (upload.content.length > INLINE_BYTES) return await chunkJobsOf(pipeline, upload);
  return parseNotification(upload.notification).map((record) => {
    const { tenantId, source, sizeBytes } = uploadOf(record);
    return { tenantId, source, sizeBytes };
  });
}

async function chunkJobsOf(pipeline: Pipeline, uploaded: Uploaded): Promise<readonly ChunkJob[]> {
  return [...jobsOf(await awaitPlan(pipeline, uploaded), 0)];
}

/** Returns the source version that the entry of that name was made from; undefined when there is no entry. */
export async function sealedVersion(
  pipeline: Pipeline,
  { tenantId, key }: Uploaded,
): Promise<string | undefined> {
  const name = entryKey(tenantId, key);
  if (!(await pipeline.exists(VAULT_BUCKET, name))) return undefined;
  const clear = (await pipeline.clearPartOf(name)) ?? (await pipeline.read(VAULT_BUCKET, name)).toString();
  return z.object({ sourceVersionId: z.string() }).parse(JSON.parse(clear)).sourceVersionId;
}

export async function sourceExists(
  pipeline: Pipeline,
  { tenantId, key, versionId }: Uploaded,
): Promise<boolean> {
  return await pipeline.exists(INGEST_BUCKET, `${tenantId}/${key}`, versionId);
}

/**
 * True once the source is gone. The upload must be sealed by then. The source is asked for first: the manifest is
 * written before the source goes, and it stays, so no moment between the two looks is missed.
 */
export async function isSealedWhenGone(pipeline: Pipeline, uploaded: Uploaded): Promise<boolean> {
  if (await sourceExists(pipeline, uploaded)) return false;
  expect(await sealedVersion(pipeline, uploaded), 'neither source nor seal').toBe(uploaded.versionId);
  return true;
}

/**
 * Expects that the upload is restored as it was. Of a chunked one: that the manifest was written once, over every chunk
 * and no other. A chunk may have been written more often: a chunk without a receipt, as a crash leaves it, proves
 * nothing. The same is true of a small object, which has no receipt.
 */
export async function expectSealedOnce(pipeline: Pipeline, uploaded: HeldUpload): Promise<void> {
  const { tenantId, key, objectId, versionId, content } = uploaded;
  expect(await sealedVersion(pipeline, uploaded)).toBe(versionId);
  expect((await pipeline.restored(tenantId, key)).equals(content)).toBe(true);
  const chunks = await pipeline.vaultVersions(chunkPrefix(tenantId, objectId));
  if (content.length <= INLINE_BYTES) {
    expect(chunks).toEqual([]);
    return;
  }
  const jobs = await chunkJobsOf(pipeline, uploaded);
  expect([...new Set(chunks)]).toEqual(
    jobs.map(({ chunkIndex }) => chunkKey(tenantId, objectId, chunkIndex)),
  );
  const manifest = entryKey(tenantId, key);
  expect(await pipeline.vaultVersions(manifest)).toEqual([manifest]);
}

/** Waits until nothing is on the queues, then expects nothing in the DLQs and nothing rejected. */
export async function expectQuiet(pipeline: Pipeline): Promise<void> {
  await pipeline.until(
    async () => (await pipeline.depth('uploads')) + (await pipeline.depth('chunks')) === 0,
  );
  const dead = { uploads: await pipeline.depth('uploads-dlq'), chunks: await pipeline.depth('chunks-dlq') };
  expect(dead).toEqual({ uploads: 0, chunks: 0 });
  expect(await pipeline.rejections()).toEqual([]);
}
