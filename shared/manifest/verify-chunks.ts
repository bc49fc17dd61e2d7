/**
 * Verifies that every chunk of a plan is in the vault as it was written: FORMAT rule 18. The listing and the receipts
 * are walked side by side, so that memory does not grow with the number of chunks.
 */
import { ChunkChangedError } from '../errors.ts';
import type { Plan, Receipt } from '../object/plan.ts';
import { chunkKey, chunkPrefix } from '../object/vault-key.ts';
import type { State } from '../ports/state.ts';
import type { Vault } from '../ports/vault.ts';
import { isChunkSize } from './chunk-size.ts';

export interface VerifyPorts {
  readonly state: Pick<State, 'dropReceipt'>;
  readonly vault: Pick<Vault, 'listChunks'>;
}

export type Receipts = AsyncIterable<Receipt | undefined> | Iterable<Receipt | undefined>;

/** The most chunks that are written again at once. The others lose their receipts, so that their jobs are due again. */
const MOST_NAMED = 8;

/**
 * @param receipts those of every chunk, in order
 * @throws ChunkChangedError naming some of the chunks that are missing, not of their size, or not what was written
 */
export async function verifyChunks(plan: Plan, receipts: Receipts, ports: VerifyPorts): Promise<void> {
  const chunkIndexes: number[] = [];
  for await (const { chunkIndex, receipt } of changedChunks(plan, receipts, ports.vault)) {
    if (chunkIndexes.length < MOST_NAMED) chunkIndexes.push(chunkIndex);
    else if (receipt !== undefined) await ports.state.dropReceipt(plan, chunkIndex, receipt);
  }
  if (chunkIndexes.length === 0) return;
  throw new ChunkChangedError(
    `object ${plan.objectId}: chunk ${chunkIndexes.join(', ')} is missing in the vault, or not what was written; ` +
      'it is written again',
    { chunkIndexes },
  );
}

interface ChangedChunk {
  readonly chunkIndex: number;
  readonly receipt: Receipt | undefined;
}

async function* changedChunks(
  plan: Plan,
  receipts: Receipts,
  vault: VerifyPorts['vault'],
): AsyncGenerator<ChangedChunk> {
  const prefix = chunkPrefix(plan.tenantId, plan.objectId);
  const listed = vault.listChunks(prefix)[Symbol.asyncIterator]();
  let next = await listed.next();
  let chunkIndex = 0;
  for await (const receipt of receipts) {
    const key = chunkKey(plan.tenantId, plan.objectId, chunkIndex);
    // A key in between is no chunk of the plan: it is garbage by rule 17.
    while (next.done !== true && next.value.key < key) next = await listed.next();
    const found = next.done !== true && next.value.key === key ? next.value : undefined;
    const isAsWritten =
      found !== undefined && found.etag === receipt?.etag && isChunkSize(found.bytes, plan, chunkIndex);
    if (!isAsWritten) yield { chunkIndex, receipt };
    chunkIndex += 1;
  }
  await listed.return?.();
}
