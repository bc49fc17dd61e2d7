/** What must be true of the pipeline once it has dealt with everything, whatever happened to it on the way. */
import { expect } from 'vitest';
import { jobsOf, type Job } from '../../shared/object/job.ts';
import { type Plan, planSchema } from '../../shared/object/plan.ts';
import { chunkKey, chunkPrefix, manifestKey } from '../../shared/object/vault-key.ts';
import { INGEST_BUCKET, VAULT_BUCKET } from '../../laptop/names.ts';
import type { Uploaded } from '../../laptop/client.ts';
import type { HeldUpload } from './held-uploads.ts';
import type { Pipeline } from './pipeline.ts';

/** The plan of an upload, once there is one. */
async function plannedOf(pipeline: Pipeline, uploaded: Uploaded): Promise<Plan> {
  await pipeline.until(async () => (await pipeline.planOf(uploaded)) !== undefined);
  return planSchema.parse(await pipeline.planOf(uploaded));
}

export async function jobsOfUpload(pipeline: Pipeline, uploaded: Uploaded): Promise<readonly Job[]> {
  return [...jobsOf(await plannedOf(pipeline, uploaded), 0)];
}

/** The version of the source that the manifest of that name was made from; undefined where there is no manifest. */
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

/** Asks for the source first: once its manifest is there, it stays, so no moment between the two looks is missed. */
export async function expectNeverNeither(pipeline: Pipeline, uploaded: Uploaded): Promise<void> {
  if (await sourceExists(pipeline, uploaded)) return;
  expect(await sealedVersion(pipeline, uploaded), 'neither source nor seal').toBe(uploaded.versionId);
}

/**
 * The manifest was written once, over every chunk and no other, and what is restored is what was uploaded. A chunk may
 * have been written more often: one that is there without a receipt, as a crash leaves it, proves nothing.
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

/** Waits until nothing is on the queues, then finds nothing in the DLQs and nothing rejected. */
export async function expectQuiet(pipeline: Pipeline): Promise<void> {
  await pipeline.until(
    async () => (await pipeline.depth('uploads')) + (await pipeline.depth('chunks')) === 0,
  );
  const dead = { uploads: await pipeline.depth('uploads-dlq'), chunks: await pipeline.depth('chunks-dlq') };
  expect(dead).toEqual({ uploads: 0, chunks: 0 });
  expect(await pipeline.rejections()).toEqual([]);
}
