/** Does one job of the chunk queue, under the tenant's guard: the job of a chunk, or that of a small object. */
import { objectIdOfJob, parseJob, requirePlanned, uploadOfJob } from '../object/job.ts';
import type { Guard } from '../revocation/guard.ts';
import { requireWorking } from '../tenant/admission.ts';
import { type ChunkPorts, encryptChunk } from './encrypt-chunk.ts';
import { encryptInline, type InlinePorts } from './encrypt-inline.ts';
import type { JobOutcome } from './outcome.ts';

export interface EncryptPorts extends ChunkPorts, InlinePorts {
  readonly state: ChunkPorts['state'] & InlinePorts['state'];
  readonly sources: ChunkPorts['sources'];
  readonly vault: ChunkPorts['vault'];
  readonly guard: Guard;
}

/**
 * Does the job that a queue message names. It is idempotent: any number of deliveries of a job, at once or one after
 * the other, leave one object, sealed once.
 * @throws JobInvalidError, PlanInvalidError, TenantUnknownError, SourceChangedError, SourceUnreadableError,
 * ManifestInvalidError for a job that can never be done
 * @throws TenantRevokedError, TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError for a job that
 * waits for its tenant's key
 * @throws KmsUnavailableError, StorageUnavailableError, StorageMisconfiguredError, EpochChangedError, KeyExpiredError,
 * PlanChangedError, ChunkChangedError for a job that is to be tried again
 */
export async function encryptJob(
  body: string,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<JobOutcome> {
  const job = parseJob(body);
  const objectId = objectIdOfJob(job);
  const { plan, ...read } = await ports.state.tenantAndPlan(job.tenantId, objectId);
  const tenant = requireWorking(read.tenant, job.tenantId, 'encrypts');
  if ('source' in job && plan === undefined) {
    const work = { ...uploadOfJob(job), objectId, tenant };
    return await ports.guard(
      tenant,
      signal,
      async (guarded) => await encryptInline({ ...work, signal: guarded }, ports),
    );
  }
  // A small object that was planned all the same is its plan's: it could not be read, or the limit was lower for once.
  const { chunkIndex } = 'source' in job ? { chunkIndex: 0 } : job;
  const planned = requirePlanned({ tenantId: job.tenantId, objectId, chunkIndex }, plan);
  return await ports.guard(
    tenant,
    signal,
    async (guarded) => await encryptChunk({ tenant, plan: planned, chunkIndex, signal: guarded }, ports),
  );
}
