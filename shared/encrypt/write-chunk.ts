/**
 * Puts one chunk into the vault and its receipt into the state table, so that in the end the receipt is the chunk's:
 * FORMAT rule 18. A chunk that is there already counts only if a receipt of this generation is of these very bytes;
 * anything else is written over. Several deliveries may do so at once. So a delivery replaces only what it has read,
 * and only if the plan was still the same after that.
 */
import { PlanChangedError, StorageUnavailableError } from '../errors.ts';
import type { SealWork } from '../manifest/seal.ts';
import type { Plan, Receipt } from '../object/plan.ts';
import { chunkKey } from '../object/vault-key.ts';
import type { State } from '../ports/state.ts';
import type { Vault } from '../ports/vault.ts';

/** One chunk of a planned object, its tenant, and the signal that stops the work on it. */
export interface ChunkWork extends SealWork {
  readonly chunkIndex: number;
}

export interface WritePorts {
  readonly state: Pick<State, 'tenantAndPlan' | 'receipt' | 'addReceipt'>;
  readonly vault: Pick<Vault, 'putChunk' | 'listChunks'>;
}

export interface Written {
  /** `present`: another delivery wrote the chunk. */
  readonly chunk: 'written' | 'present';
  readonly receipt: Receipt;
  /** True when every chunk has had a receipt, as far as is known. */
  readonly complete: boolean;
}

/** The most rounds. Only as many deliveries of one job at the same moment could need more. */
const MOST_ROUNDS = 6;

/**
 * Writes the message as the chunk, unless another delivery has.
 * @throws PlanChangedError when the object was sealed or planned anew meanwhile; then nothing is written over
 * @throws StorageUnavailableError when others kept writing the same chunk
 */
export async function writeChunk(
  work: Omit<ChunkWork, 'tenant'>,
  message: Uint8Array,
  ports: WritePorts,
): Promise<Written> {
  const { plan, chunkIndex, signal } = work;
  const key = chunkKey(plan.tenantId, plan.objectId, chunkIndex);
  let ours = await ports.vault.putChunk({ key, message }, signal);
  let found: Found = ours === undefined ? await findChunk(plan, chunkIndex, ports) : { etag: ours.etag };
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { etag, receipt: known } = found;
    const receipt = [ours, known].find((one) => one !== undefined && one.etag === etag);
    if (receipt === undefined) {
      await requireUnsealed(plan, ports.state);
      ours = await ports.vault.putChunk({ key, message, replacedEtag: etag }, signal);
    } else {
      const added = await ports.state.addReceipt(plan, { chunkIndex, receipt, replaced: known });
      const chunk = receipt === ours ? 'written' : 'present';
      if (added !== 'lost') return { chunk, receipt, complete: added === 'complete' };
    }
    found = await findChunk(plan, chunkIndex, ports);
  }
  throw new StorageUnavailableError(`object ${plan.objectId}: others keep writing its chunk ${chunkIndex}`);
}

interface Found {
  /** The ETag of the chunk that is in the vault. */
  readonly etag?: string | undefined;
  /** The receipt that is in the state table. */
  readonly receipt?: Receipt | undefined;
}

/**
 * Reads the receipt before the chunk. If our chunk is there then, a delivery that writes over it later also settles its
 * receipt later; and a receipt that was settled in between is not the one that we replace.
 */
async function findChunk(plan: Plan, chunkIndex: number, { state, vault }: WritePorts): Promise<Found> {
  const receipt = await state.receipt(plan, chunkIndex);
  return { receipt, etag: await etagOf(chunkKey(plan.tenantId, plan.objectId, chunkIndex), vault) };
}

/** Returns the chunk's ETag. The listing has it first: a key comes before all longer keys that begin with it. */
async function etagOf(key: string, vault: WritePorts['vault']): Promise<string | undefined> {
  for await (const listed of vault.listChunks(key)) return listed.key === key ? listed.etag : undefined;
  return undefined;
}

async function requireUnsealed(plan: Plan, state: WritePorts['state']): Promise<void> {
  const { plan: now } = await state.tenantAndPlan(plan.tenantId, plan.objectId);
  if (now?.generation === plan.generation && now.sealedAt === undefined) return;
  throw new PlanChangedError(`object ${plan.objectId} was sealed or planned anew meanwhile`);
}
