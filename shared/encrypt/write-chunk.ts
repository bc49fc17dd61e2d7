/**
 * Puts one chunk into the vault and its receipt into the state table, so that in the end the one is of the other:
 * FORMAT rule 18. What is there already counts only if a receipt of this generation is of these very bytes; anything
 * else is written over. Several deliveries may do so at once, so only what was read is replaced, and only if the plan was
 * still the same after that.
 */
import { PlanChangedError, StorageUnavailableError } from '../errors.ts';
import type { State } from '../ports/state.ts';
import type { Vault } from '../ports/vault.ts';
import type { Plan } from '../object/plan.ts';
import type { Receipt } from '../object/receipt.ts';
import { chunkKey } from '../object/vault-key.ts';

export interface WritePorts {
  readonly state: Pick<State, 'tenantAndPlan' | 'receipt' | 'addReceipt'>;
  readonly vault: Pick<Vault, 'putChunk' | 'listChunks'>;
}

export interface Written {
  /** `present`: another delivery wrote it. */
  readonly chunk: 'written' | 'present';
  readonly receipt: Receipt;
  /** Whether every chunk has had a receipt, as far as is known. */
  readonly complete: boolean;
}

/** As many deliveries of one job would have to be at it at once. */
const MOST_ROUNDS = 6;

/**
 * @throws PlanChangedError when the object was sealed or planned anew meanwhile; then nothing is written over
 * @throws StorageUnavailableError when others kept writing the same chunk
 */
export async function writeChunk(
  plan: Plan,
  chunkIndex: number,
  message: Uint8Array,
  ports: WritePorts,
  signal: AbortSignal,
): Promise<Written> {
  const key = chunkKey(plan.tenantId, plan.objectId, chunkIndex);
  let ours = await ports.vault.putChunk(key, message, undefined, signal);
  let { there, known }: Look =
    ours === undefined ? await look(plan, chunkIndex, ports) : { there: ours.etag };
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const receipt = [ours, known].find((one) => one !== undefined && one.etag === there);
    if (receipt === undefined) {
      await requireUnsealed(plan, ports.state);
      ours = await ports.vault.putChunk(key, message, there, signal);
    } else {
      const added = await ports.state.addReceipt(plan, chunkIndex, receipt, known);
      const chunk = receipt === ours ? 'written' : 'present';
      if (added !== 'lost') return { chunk, receipt, complete: added === 'complete' };
    }
    ({ there, known } = await look(plan, chunkIndex, ports));
  }
  throw new StorageUnavailableError(`object ${plan.objectId}: others keep writing its chunk ${chunkIndex}`);
}

interface Look {
  /** The ETag of what is in the vault. */
  readonly there?: string | undefined;
  readonly known?: Receipt | undefined;
}

/**
 * The receipt comes first: if ours is what is there then, whoever writes over it later settles its receipt later, too,
 * and a receipt that was settled in between is not the one we replace.
 */
async function look(plan: Plan, chunkIndex: number, { state, vault }: WritePorts): Promise<Look> {
  const known = await state.receipt(plan, chunkIndex);
  return { known, there: await etagOf(chunkKey(plan.tenantId, plan.objectId, chunkIndex), vault) };
}

/** A key is the first of all that begin with it. */
async function etagOf(key: string, vault: WritePorts['vault']): Promise<string | undefined> {
  for await (const listed of vault.listChunks(key)) return listed.key === key ? listed.etag : undefined;
  return undefined;
}

async function requireUnsealed(plan: Plan, state: WritePorts['state']): Promise<void> {
  const { plan: now } = await state.tenantAndPlan(plan.tenantId, plan.objectId);
  if (now?.generation === plan.generation && now.sealedAt === undefined) return;
  throw new PlanChangedError(`object ${plan.objectId} was sealed or planned anew meanwhile`);
}
