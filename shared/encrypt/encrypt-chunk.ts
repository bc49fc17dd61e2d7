/** Does one job: encrypts one chunk under its tenant's KEK into the vault; whoever writes the last one seals. */
import { chunkContext } from '../object/context.ts';
import { encrypt } from '../envelope/message/encrypt.ts';
import { type Keys, kekOf } from '../envelope/kms/kek.ts';
import { ChunkChangedError, PlanChangedError, SourceChangedError } from '../errors.ts';
import { seal, type SealPorts } from '../manifest/seal.ts';
import { isSealed } from '../manifest/seal-proof.ts';
import type { Sources } from '../ports/sources.ts';
import type { Vault } from '../ports/vault.ts';
import type { Guard } from '../revocation/guard.ts';
import { requireWorking } from '../tenant/admission.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { chunkRange, rangeBytes } from '../object/geometry.ts';
import { parseJob, requirePlanned } from '../object/job.ts';
import type { Plan } from '../object/plan.ts';
import type { Receipt } from '../object/receipt.ts';
import { isRefusedRetired, replanned, type ReplanPorts, workable } from './replan.ts';
import { unlessUnreadable, type UnreadablePorts } from './unreadable.ts';
import { writeChunk, type WritePorts, type Written } from './write-chunk.ts';

export interface EncryptPorts extends SealPorts {
  readonly state: SealPorts['state'] & WritePorts['state'] & ReplanPorts['state'] & UnreadablePorts['state'];
  readonly sources: Sources;
  readonly vault: Vault;
  readonly keys: Keys;
  readonly guard: Guard;
  /** Lets few big chunks at a time into memory. */
  readonly admit: <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;
}

/** What became of a job. */
export interface ChunkOutcome {
  readonly plan: Plan;
  readonly chunkIndex: number;
  /** `present`: another delivery of the job wrote it. `sealed`: nothing was left to do. */
  readonly chunk: 'written' | 'present' | 'sealed';
  /** Whether this delivery sealed the object. */
  readonly objectSealed: boolean;
}

/**
 * Idempotent: any number of deliveries of a job, at once or one after the other, leave one chunk and one seal.
 * @throws JobInvalidError, PlanInvalidError, TenantUnknownError, SourceChangedError, SourceUnreadableError: can never
 * work
 * @throws TenantRevokedError, TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError: waits
 * @throws KmsUnavailableError, StorageUnavailableError, StorageMisconfiguredError, EpochChangedError, PlanChangedError,
 * ChunkChangedError: to be tried again
 */
export async function encryptChunk(
  body: string,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const job = parseJob(body);
  const read = await ports.state.tenantAndPlan(job.tenantId, job.objectId);
  const tenant = requireWorking(read.tenant, job.tenantId, 'encrypts');
  const plan = requirePlanned(job, read.plan);
  return await ports.guard(
    tenant,
    signal,
    async (guarded) =>
      await unlessUnreadable(
        plan,
        ports,
        async () => await doJob(tenant, plan, job.chunkIndex, ports, guarded),
      ),
  );
}

async function doJob(
  tenant: Tenant,
  plan: Plan,
  chunkIndex: number,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  // A crash between the seal and the removal of the source is made good here.
  if (await isSealed(plan, ports)) return await removeSource(plan, chunkIndex, ports);
  try {
    return await doChunk(tenant, plan, chunkIndex, ports, signal);
  } catch (error) {
    if (!OVERTAKEN.some((overtaken) => error instanceof overtaken)) throw error;
    // What looks like a failure is none if another delivery sealed the object meanwhile.
    const { plan: now } = await ports.state.tenantAndPlan(plan.tenantId, plan.objectId);
    if (now === undefined || !(await isSealed(now, ports))) throw error;
    return await removeSource(now, chunkIndex, ports);
  }
}

const OVERTAKEN = [SourceChangedError, PlanChangedError, ChunkChangedError] as const;

/** Precondition: the vault bears out that the object is sealed. */
async function removeSource(
  plan: Plan,
  chunkIndex: number,
  { sources }: EncryptPorts,
): Promise<ChunkOutcome> {
  await sources.remove(plan.source);
  return { plan, chunkIndex, chunk: 'sealed', objectSealed: false };
}

/** A retired key that KMS refuses gives way to the current one, for the whole object. */
async function doChunk(
  tenant: Tenant,
  read: Plan,
  chunkIndex: number,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const plan = await workable(read, tenant, ports);
  try {
    return await writeAndSeal(tenant, plan, chunkIndex, ports, signal);
  } catch (error) {
    if (!isRefusedRetired(error, plan, tenant)) throw error;
    const next = await replanned(plan, tenant.kekArn, ports);
    return await writeAndSeal(tenant, next, chunkIndex, ports, signal);
  }
}

async function writeAndSeal(
  tenant: Tenant,
  plan: Plan,
  chunkIndex: number,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const { chunk, receipt, complete } = await encryptOne(tenant, plan, chunkIndex, ports, signal);
  if (complete) await sealMended(tenant, plan, receipt, ports, signal);
  return { plan, chunkIndex, chunk, objectSealed: complete };
}

/** Chunks that are not what was written are written again, once; should they change again, the job comes back. */
async function sealMended(
  tenant: Tenant,
  plan: Plan,
  receipt: Receipt,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<void> {
  if (plan.chunkCount === 1) {
    await seal(plan, tenant, ports, signal, [receipt]);
    return;
  }
  try {
    await seal(plan, tenant, ports, signal);
  } catch (error) {
    if (!(error instanceof ChunkChangedError)) throw error;
    for (const chunkIndex of error.chunkIndexes) await encryptOne(tenant, plan, chunkIndex, ports, signal);
    await seal(plan, tenant, ports, signal);
  }
}

async function encryptOne(
  tenant: Tenant,
  plan: Plan,
  chunkIndex: number,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<Written> {
  const bytes = rangeBytes(chunkRange(plan, chunkIndex));
  return await ports.admit(bytes, async () => {
    const content = await ports.sources.read(plan.source, plan, chunkIndex, signal);
    using message = await encrypt(
      kekOf(tenant, ports.keys, plan.kekArn),
      { bytes, content },
      chunkContext(plan, chunkIndex),
      signal,
    );
    return await writeChunk(plan, chunkIndex, message.content, ports, signal);
  });
}
