/**
 * Does one job: encrypts one chunk under its tenant's KEK into the vault. Whoever writes the last chunk seals the
 * object.
 */
import { encrypt } from '../envelope/message/encrypt.ts';
import { kekOf } from '../envelope/kms/kek.ts';
import { ChunkChangedError, PlanChangedError, SourceChangedError, SourceUnreadableError } from '../errors.ts';
import { seal, type SealPorts } from '../manifest/seal.ts';
import { isSealed } from '../manifest/seal-proof.ts';
import { chunkContext } from '../object/context.ts';
import { chunkRange, rangeBytes } from '../object/geometry.ts';
import { parseJob, requirePlanned } from '../object/job.ts';
import type { Plan } from '../object/plan.ts';
import type { SourceDescription, Sources, WholeSource } from '../ports/sources.ts';
import type { Guard } from '../revocation/guard.ts';
import { requireWorking } from '../tenant/admission.ts';
import { isRefusalOfRetiredKek, replan, replanIfNeeded, type ReplanPorts } from './replan.ts';
import { noteUnreadable, requireReadable, type UnreadablePorts } from './unreadable.ts';
import { type ChunkWork, writeChunk, type WritePorts, type Written } from './write-chunk.ts';

export interface EncryptPorts extends SealPorts {
  readonly state: SealPorts['state'] & WritePorts['state'] & ReplanPorts['state'] & UnreadablePorts['state'];
  readonly sources: Sources;
  readonly vault: SealPorts['vault'] & WritePorts['vault'];
  readonly guard: Guard;
  /** Runs the work once there is room for the chunk, so that few big chunks are in memory at a time. */
  readonly admit: <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;
  /** Runs the work of an admitted chunk once it is its turn, so that the next chunk is read while the last is written. */
  readonly inTurn: <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;
}

/** The result of one delivery of a job. */
export interface ChunkOutcome {
  readonly plan: Plan;
  readonly chunkIndex: number;
  /** `present`: another delivery of the job wrote the chunk. `sealed`: nothing was left to do. */
  readonly chunk: 'written' | 'present' | 'sealed';
  /** True when this delivery sealed the object. */
  readonly objectSealed: boolean;
}

/**
 * Does the job that a queue message names. It is idempotent: any number of deliveries of a job, at once or one after
 * the other, leave one chunk and one seal.
 * @throws JobInvalidError, PlanInvalidError, TenantUnknownError, SourceChangedError, SourceUnreadableError for a job
 * that can never be done
 * @throws TenantRevokedError, TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError for a job that
 * waits for its tenant's key
 * @throws KmsUnavailableError, StorageUnavailableError, StorageMisconfiguredError, EpochChangedError, PlanChangedError,
 * ChunkChangedError for a job that is to be tried again
 */
export async function encryptChunk(
  body: string,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const job = parseJob(body);
  const read = await ports.state.tenantAndPlan(job.tenantId, job.objectId);
  const tenant = requireWorking(read.tenant, job.tenantId, 'encrypts');
  const work = { tenant, plan: requirePlanned(job, read.plan), chunkIndex: job.chunkIndex };
  return await ports.guard(
    tenant,
    signal,
    async (guarded) => await workIfReadable({ ...work, signal: guarded }, ports),
  );
}

async function workIfReadable(work: ChunkWork, ports: EncryptPorts): Promise<ChunkOutcome> {
  requireReadable(work.plan);
  try {
    return await workUnlessSealed(work, ports);
  } catch (error) {
    if (error instanceof SourceUnreadableError) throw await noteUnreadable(error, work.plan, ports);
    throw error;
  }
}

async function workUnlessSealed(work: ChunkWork, ports: EncryptPorts): Promise<ChunkOutcome> {
  const { plan } = work;
  // If a crash came between the seal and the removal of the source, the source is removed here.
  if (await isSealed(plan, ports)) return await removeSource(work, ports);
  try {
    return await workUnderUsableKek(work, ports);
  } catch (error) {
    if (!SEALED_MEANWHILE.some((kind) => error instanceof kind)) throw error;
    const { plan: now } = await ports.state.tenantAndPlan(plan.tenantId, plan.objectId);
    if (now === undefined || !(await isSealed(now, ports))) throw error;
    return await removeSource({ ...work, plan: now }, ports);
  }
}

/** These errors are no failures when another delivery sealed the object meanwhile. */
const SEALED_MEANWHILE = [SourceChangedError, PlanChangedError, ChunkChangedError] as const;

/** Deletes the source. Precondition: the vault proves that the object is sealed. */
async function removeSource(
  { plan, chunkIndex }: ChunkWork,
  { sources }: EncryptPorts,
): Promise<ChunkOutcome> {
  await sources.remove(plan.source);
  return { plan, chunkIndex, chunk: 'sealed', objectSealed: false };
}

/** Does the work. If KMS refuses a retired KEK, the whole object is planned anew under the current one. */
async function workUnderUsableKek(work: ChunkWork, ports: EncryptPorts): Promise<ChunkOutcome> {
  const { tenant } = work;
  const plan = await replanIfNeeded(work.plan, tenant, ports);
  try {
    return await writeAndSeal({ ...work, plan }, ports);
  } catch (error) {
    if (!isRefusalOfRetiredKek(error, plan, tenant)) throw error;
    return await writeAndSeal({ ...work, plan: await replan(plan, tenant.kekArn, ports) }, ports);
  }
}

async function writeAndSeal(work: ChunkWork, ports: EncryptPorts): Promise<ChunkOutcome> {
  const { chunk, complete, source } = await encryptAndWrite(work, ports);
  if (complete) await (source === undefined ? sealWithRewrites(work, ports) : seal(work, ports, source));
  return { plan: work.plan, chunkIndex: work.chunkIndex, chunk, objectSealed: complete };
}

/** Writes changed chunks again, once. If they change once more, the job comes back. */
async function sealWithRewrites(work: ChunkWork, ports: EncryptPorts): Promise<void> {
  try {
    await seal(work, ports);
  } catch (error) {
    if (!(error instanceof ChunkChangedError)) throw error;
    for (const chunkIndex of error.chunkIndexes) await encryptAndWrite({ ...work, chunkIndex }, ports);
    await seal(work, ports);
  }
}

interface EncryptedChunk extends Written {
  /** The description of a source that this chunk is all of. */
  readonly source?: SourceDescription;
}

async function encryptAndWrite(work: ChunkWork, ports: EncryptPorts): Promise<EncryptedChunk> {
  const { tenant, plan, chunkIndex, signal } = work;
  const bytes = rangeBytes(chunkRange(plan, chunkIndex));
  return await ports.admit(bytes, async () => {
    const encrypted = await ports.inTurn(bytes, async () => {
      const { content, description } = await readChunk(work, ports.sources);
      const kek = kekOf(tenant, ports.keys, plan.kekArn);
      const message = await encrypt(kek, { bytes, content, signal }, chunkContext(plan, chunkIndex));
      return { message, source: description };
    });
    using message = encrypted.message;
    return { ...(await writeChunk(work, message.content, ports)), source: encrypted.source };
  });
}

async function readChunk(
  { plan, chunkIndex, signal }: ChunkWork,
  sources: Sources,
): Promise<Partial<WholeSource> & Pick<WholeSource, 'content'>> {
  if (plan.chunkCount === 1) return await sources.readWhole(plan, signal);
  return { content: await sources.readRange(plan, chunkRange(plan, chunkIndex), signal) };
}
