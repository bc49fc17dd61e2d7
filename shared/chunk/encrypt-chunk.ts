/** Does one job: encrypts one chunk under its tenant's KEK into the vault; whoever writes the last one seals. */
import { chunkContext } from '../envelope/context.ts';
import { encrypt } from '../envelope/encrypt.ts';
import { type Keys, kekOf } from '../envelope/kek.ts';
import { SourceChangedError } from '../errors.ts';
import { seal, type SealPorts } from '../manifest/seal.ts';
import type { Sources, State, Vault } from '../ports.ts';
import type { Guard } from '../revocation/guard.ts';
import { requireEncrypting, type Tenant } from '../tenant/tenant.ts';
import { chunkRange, rangeBytes } from './geometry.ts';
import { parseJob, requirePlanned } from './job.ts';
import type { Plan } from './plan.ts';
import { chunkKey } from './vault-key.ts';

export interface EncryptPorts extends SealPorts {
  readonly state: Pick<State, 'tenantAndPlan' | 'addReceipt' | 'markSealed'>;
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
 * Idempotent: any number of deliveries of a job, at once or one after the other, write the chunk once and seal once.
 * @throws JobInvalidError, TenantUnknownError, SourceChangedError: can never work
 * @throws TenantRevokedError, TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError: waits
 * @throws KmsUnavailableError, StorageUnavailableError, EpochChangedError: to be tried again
 */
export async function encryptChunk(
  body: string,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const job = parseJob(body);
  const read = await ports.state.tenantAndPlan(job.tenantId, job.objectId);
  const tenant = requireEncrypting(read.tenant, job.tenantId);
  const plan = requirePlanned(job, read.plan);
  return await ports.guard(
    tenant,
    signal,
    async (guarded) => await doJob(tenant, plan, job.chunkIndex, ports, guarded),
  );
}

async function doJob(
  tenant: Tenant,
  plan: Plan,
  chunkIndex: number,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const chunk =
    plan.sealedAt === undefined ? await writeUnlessSealed(tenant, plan, chunkIndex, ports, signal) : 'sealed';
  if (chunk === 'sealed') {
    // A crash between the seal and the removal of the source is made good here.
    await ports.sources.remove(plan.source);
    return { plan, chunkIndex, chunk, objectSealed: false };
  }
  const complete = await ports.state.addReceipt(plan, chunkIndex);
  if (complete) await seal(plan, tenant, ports, signal);
  return { plan, chunkIndex, chunk, objectSealed: complete };
}

/** A source that is gone is no loss if another delivery of the job sealed the object meanwhile. */
async function writeUnlessSealed(
  tenant: Tenant,
  plan: Plan,
  chunkIndex: number,
  ports: EncryptPorts,
  signal: AbortSignal,
): Promise<ChunkOutcome['chunk']> {
  const chunkBytes = rangeBytes(chunkRange(plan, chunkIndex));
  try {
    return await ports.admit(
      chunkBytes,
      async () => await writeChunk(tenant, plan, chunkIndex, ports, signal),
    );
  } catch (error) {
    if (!(error instanceof SourceChangedError)) throw error;
    const { plan: now } = await ports.state.tenantAndPlan(plan.tenantId, plan.objectId);
    if (now?.sealedAt === undefined) throw error;
    return 'sealed';
  }
}

async function writeChunk(
  tenant: Tenant,
  plan: Plan,
  chunkIndex: number,
  { sources, vault, keys }: EncryptPorts,
  signal: AbortSignal,
): Promise<'written' | 'present'> {
  const content = await sources.read(plan.source, plan, chunkIndex, signal);
  using message = await encrypt(
    kekOf(tenant, keys, plan.kekArn),
    { bytes: rangeBytes(chunkRange(plan, chunkIndex)), content },
    chunkContext(plan, chunkIndex),
    signal,
  );
  return await vault.putChunk(chunkKey(plan.tenantId, plan.objectId, chunkIndex), message.content, signal);
}
