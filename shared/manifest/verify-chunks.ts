/**
 * Whether every chunk of a plan is in the vault as it was written: FORMAT rule 18. The listing is held against the
 * receipts, side by side, so that memory is flat in the number of chunks.
 */
import { chunkRange, rangeBytes } from '../object/geometry.ts';
import type { Plan } from '../object/plan.ts';
import type { Receipt } from '../object/receipt.ts';
import { chunkKey, chunkPrefix } from '../object/vault-key.ts';
import { chunkContext } from '../object/context.ts';
import { firstLine } from '../envelope/message/first-line.ts';
import { isMessageSize } from '../envelope/message/message-size.ts';
import { ChunkChangedError } from '../errors.ts';
import type { ListedChunk, Vault } from '../ports/vault.ts';
import type { State } from '../ports/state.ts';

export interface WrittenPorts {
  readonly state: Pick<State, 'dropReceipt'>;
  readonly vault: Pick<Vault, 'listChunks'>;
}

export type Receipts = AsyncIterable<Receipt | undefined> | Iterable<Receipt | undefined>;

/** So many chunks are written again at once; the others lose their receipts, so that their jobs are due again. */
const MOST_NAMED = 8;

/**
 * @param receipts those of every chunk, in order
 * @throws ChunkChangedError naming some of the chunks that are missing, not of their size, or not what was written
 */
export async function requireWritten(plan: Plan, receipts: Receipts, ports: WrittenPorts): Promise<void> {
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

interface Changed {
  readonly chunkIndex: number;
  readonly receipt: Receipt | undefined;
}

async function* changedChunks(
  plan: Plan,
  receipts: Receipts,
  vault: WrittenPorts['vault'],
): AsyncGenerator<Changed> {
  const prefix = chunkPrefix(plan.tenantId, plan.objectId);
  const listed = vault.listChunks(prefix)[Symbol.asyncIterator]();
  let next = await listed.next();
  let chunkIndex = 0;
  for await (const receipt of receipts) {
    const key = chunkKey(plan.tenantId, plan.objectId, chunkIndex);
    // What lies in between is no chunk of the plan: garbage, by rule 17.
    while (next.done !== true && next.value.key < key) next = await listed.next();
    const found = next.done !== true && next.value.key === key ? next.value : undefined;
    if (found === undefined || !isAsWritten(found, receipt, plan, chunkIndex)) yield { chunkIndex, receipt };
    chunkIndex += 1;
  }
  await listed.return?.();
}

function isAsWritten(
  { bytes, etag }: ListedChunk,
  receipt: Receipt | undefined,
  plan: Plan,
  chunkIndex: number,
): boolean {
  return etag === receipt?.etag && isChunkSize(bytes, plan, chunkIndex);
}

/** FORMAT rule 9: of a DEK of its own, or of a shared one, with its context in its first line. */
function isChunkSize(bytes: number, plan: Plan, chunkIndex: number): boolean {
  const plaintextBytes = rangeBytes(chunkRange(plan, chunkIndex));
  if (isMessageSize(bytes, plaintextBytes)) return true;
  return isMessageSize(bytes, firstLine(chunkContext(plan, chunkIndex)).length + plaintextBytes);
}
