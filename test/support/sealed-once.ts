/** The state that the pipeline must be in once it has dealt with everything, whatever happened on the way. */
import { expect } from 'vitest';
import { jobsOf, type Job } from '../../shared/object/job.ts';
import { type Plan, planSchema } from '../../shared/object/plan.ts';
import { chunkKey, chunkPrefix, manifestKey } from '../../shared/object/vault-key.ts';
import { INGEST_BUCKET, VAULT_BUCKET } from '../../laptop/names.ts';
import type { Uploaded } from '../../laptop/client.ts';
import type { HeldUpload } from './held-uploads.ts';
import type { Pipeline } from './pipeline.ts';

/** Waits for the plan of an upload, and returns it. */
async function awaitPlan(pipeline: Pipeline, uploaded: Uploaded): Promise<Plan> {
  await pipeline.until(async () => (await pipeline.planOf(uploaded)) !== undefined);
  return planSchema.parse(await pipeline.planOf(uploaded));
}

export async function jobsOfUpload(pipeline: Pipeline, uploaded: Uploaded): Promise<readonly Job[]> {
  return [...jobsOf(await awaitPlan(pipeline, uploaded), 0)];
}

/** Returns the source version that the manifest of that name was made from; undefined when there is no manifest. */
export async function sealedVersion(
  pipeline: Pipeline,
  { tenantId, key }: Uploaded,
): Promise<string | undefined> {
  const name = manifestKey(tenantId, key);
  if (!(await pipeline.exists(VAULT_BUCKET, name))) return undefined;
  const clear: unknown = JSON.parse((await pipeline.read(VAULT_BUCKET, name)).toString());
  return (clear as { readonly sourceVersionId: string }).sourceVersionId;
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
 * Expects that the manifest was written once, over every chunk and no other, and that the upload is restored as it was. A
 * chunk may have been written more often: a chunk without a receipt, as a crash leaves it, proves nothing.
 */
export async function expectSealedOnce(pipeline: Pipeline, uploaded: HeldUpload): Promise<void> {
  const { tenantId, key, objectId, versionId, content } = uploaded;
  const chunks = await pipeline.vaultVersions(chunkPrefix(tenantId, objectId));
  const jobs = await jobsOfUpload(pipeline, uploaded);
  expect([...new Set(chunks)]).toEqual(
    jobs.map(({ chunkIndex }) => chunkKey(tenantId, objectId, chunkIndex)),
  );
  const manifest = manifestKey(tenantId, key);
  expect(await pipeline.vaultVersions(manifest)).toEqual([manifest]);
  expect(await sealedVersion(pipeline, uploaded)).toBe(versionId);
  expect((await pipeline.restored(tenantId, key)).equals(content)).toBe(true);
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
