/** One object of one tenant on its way: uploaded, sealed, restored, compared. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { RESTORE_BUCKET } from '../names.ts';
import type { PipelineClient, Uploaded } from '../client.ts';
import type { ObjectProgress } from './progress.ts';
import type { ObjectReport } from './report.ts';
import type { Sample } from './samples.ts';

export interface SealedObject {
  readonly sample: Sample;
  readonly uploaded: Uploaded;
  /** The time from the end of the upload to the sealed object. */
  readonly sealedSeconds: number;
}

/** One hour, longer than any file worth a demo takes. */
const PATIENCE_MS = 3_600_000;

export async function uploadAndSeal(
  client: PipelineClient,
  { tenantId, sample }: { readonly tenantId: string; readonly sample: Sample },
  progress: ObjectProgress,
): Promise<SealedObject> {
  const uploaded = await client.upload(tenantId, sample.key, createReadStream(sample.path), {
    onProgress: (bytes) => progress.uploading(bytes),
  });
  const uploadedAt = performance.now();
  await client.sealed(uploaded, AbortSignal.timeout(PATIENCE_MS), (chunks) => progress.sealing(chunks));
  return { sample, uploaded, sealedSeconds: (performance.now() - uploadedAt) / 1000 };
}

export async function restoreAndCompare(
  client: PipelineClient,
  { sample, uploaded, sealedSeconds }: SealedObject,
  progress: ObjectProgress,
): Promise<ObjectReport> {
  const { tenantId, key } = uploaded;
  progress.restoring();
  const startedAt = performance.now();
  const { chunkCount } = await client.restore({ tenantId, key });
  const restoreSeconds = (performance.now() - startedAt) / 1000;
  const hash = createHash('sha256');
  await pipeline(await client.read(RESTORE_BUCKET, `${tenantId}/${key}`), hash);
  progress.done();
  return {
    tenantId,
    key,
    bytes: sample.bytes,
    chunks: Number(chunkCount),
    sha256: sample.sha256,
    restoredSha256: hash.digest('hex'),
    sealedSeconds,
    restoreSeconds,
  };
}
