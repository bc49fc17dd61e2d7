/** Encrypts one chunk under its tenant's KEK into the vault. Whoever writes the last chunk seals the object. */
import { encrypt } from '../envelope/message/encrypt.ts';
import { kekOf } from '../envelope/kms/kek.ts';
import { ChunkChangedError, PlanChangedError, SourceChangedError, SourceUnreadableError } from '../errors.ts';
import type { Committed } from '../manifest/commit.ts';
import { seal, type SealPorts } from '../manifest/seal.ts';
import { isSealed } from '../manifest/seal-proof.ts';
import { chunkContext } from '../object/context.ts';
import { chunkRange, rangeBytes } from '../object/geometry.ts';
import type { SourceDescription, Sources, WholeSource } from '../ports/sources.ts';
import type { JobOutcome } from './outcome.ts';
import { isRefusalOfRetiredKek, replan, replanIfNeeded, type ReplanPorts } from './replan.ts';
import { noteUnreadable, requireReadable, type UnreadablePorts } from './unreadable.ts';
import { type ChunkWork, writeChunk, type WritePorts, type Written } from './write-chunk.ts';

export interface ChunkPorts extends SealPorts {
  readonly state: SealPorts['state'] & WritePorts['state'] & ReplanPorts['state'] & UnreadablePorts['state'];
  readonly sources: Sources;
  readonly vault: SealPorts['vault'] & WritePorts['vault'];
  /** Runs the work once there is room for the chunk, so that few big chunks are in memory at a time. */
  readonly admit: <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;
  /** Runs the work of an admitted chunk once it is its turn, so that the next chunk is read while the last is written. */
  readonly inTurn: <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;
}

/** Does the job of one chunk. Throws as `encryptJob` says. */
export async function encryptChunk(work: ChunkWork, ports: ChunkPorts): Promise<JobOutcome> {
  requireReadable(work.plan);
  try {
    return await workUnlessSealed(work, ports);
  } catch (error) {
    if (error instanceof SourceUnreadableError) throw await noteUnreadable(error, work.plan, ports);
    throw error;
  }
}

async function workUnlessSealed(work: ChunkWork, ports: ChunkPorts): Promise<JobOutcome> {
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
async function removeSource(work: ChunkWork, { sources }: ChunkPorts): Promise<JobOutcome> {
  await sources.remove(work.plan.source);
  return outcomeOf(work, 'sealed', false);
}

/** Does the work. If KMS refuses a retired KEK, the whole object is planned anew under the current one. */
async function workUnderUsableKek(work: ChunkWork, ports: ChunkPorts): Promise<JobOutcome> {
  const { tenant } = work;
  const plan = await replanIfNeeded(work.plan, tenant, ports);
  try {
    return await writeAndSeal({ ...work, plan }, ports);
  } catch (error) {
    if (!isRefusalOfRetiredKek(error, plan, tenant)) throw error;
    return await writeAndSeal({ ...work, plan: await replan(plan, tenant.kekArn, ports) }, ports);
  }
}

async function writeAndSeal(work: ChunkWork, ports: ChunkPorts): Promise<JobOutcome> {
  const { chunk, complete, source } = await encryptAndWrite(work, ports);
  if (!complete) return outcomeOf(work, chunk, false);
  const committed = await (source === undefined ? sealWithRewrites(work, ports) : seal(work, ports, source));
  return outcomeOf(work, committed === 'superseded' ? committed : chunk, true);
}

/** Writes changed chunks again, once. If they change once more, the job comes back. */
async function sealWithRewrites(work: ChunkWork, ports: ChunkPorts): Promise<Committed> {
  try {
    return await seal(work, ports);
  } catch (error) {
    if (!(error instanceof ChunkChangedError)) throw error;
    for (const chunkIndex of error.chunkIndexes) await encryptAndWrite({ ...work, chunkIndex }, ports);
    return await seal(work, ports);
  }
}

interface EncryptedChunk extends Written {
  /** The description of a source that this chunk is all of. */
  readonly source?: SourceDescription;
}

async function encryptAndWrite(work: ChunkWork, ports: ChunkPorts): Promise<EncryptedChunk> {
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

function outcomeOf(
  { plan, chunkIndex }: ChunkWork,
  outcome: JobOutcome['outcome'],
  objectSealed: boolean,
): JobOutcome {
  const { tenantId, objectId, generation } = plan;
  return { tenantId, objectId, chunk: { chunkIndex, generation }, outcome, objectSealed };
}
