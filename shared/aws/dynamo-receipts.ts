/**
 * Receipts in the state table. An item holds the receipts of 64 chunks, one attribute each. A receipt is written only
 * over the one that was read. Above these items are number sets, which name the items below them that are full: 256 to
 * a set, level upon level. Adding to a set is idempotent. When two writers add the last two members, DynamoDB orders
 * the updates, so at least one writer sees the full set. No item grows with the object: the largest object has 12,494
 * items of receipts, 49 sets above them, and one set on top.
 */
import type { Plan, Receipt } from '../object/plan.ts';
import type { ReceiptOfChunk, State } from '../ports/state.ts';
import { expiresAt, type ItemKey, receiptsItem } from './state-keys.ts';
import type { Item, Table } from './table.ts';

type Receipts = Pick<State, 'receipt' | 'allReceipts' | 'addReceipt' | 'dropReceipt'>;

/** Keeps an item of receipts, each about 50 bytes, below 4 KB. */
const RECEIPTS_PER_GROUP = 64;
/** Keeps a set near 1 KB. */
const MEMBERS_PER_SET = 256;
/** Groups read at once: about as many as one page of the vault's listing stands for. */
const GROUPS_AT_ONCE = 16;
/**
 * The time that a receipt is kept. It must outlive work that waits for a key. A redrive of the plan makes lost receipts
 * anew.
 */
const RECEIPT_SECONDS = 400 * 86_400;

export function dynamoReceipts(table: Table): Receipts {
  return {
    async receipt(plan, chunkIndex) {
      if (plan.chunkCount === 1) return undefined;
      const group = await readItem(table, receiptsItem(plan, 0, groupOf(chunkIndex)));
      return receiptOf(group[chunkIndex]);
    },
    allReceipts: (plan) => allReceipts(table, plan),
    addReceipt: async (plan, written) =>
      // An object of one chunk needs no state to be complete.
      plan.chunkCount === 1 ? 'complete' : await addReceipt(table, plan, written),
    async dropReceipt(plan, chunkIndex, receipt) {
      await table.update(receiptsItem(plan, 0, groupOf(chunkIndex)), {
        update: 'REMOVE #chunk',
        condition: '#chunk = :receipt',
        names: { chunk: String(chunkIndex) },
        values: { receipt: textOf(receipt) },
      });
    },
  };
}

/** Finds the chunks without a receipt, in order, with few groups in memory at a time. */
export async function* missingChunks(table: Table, plan: Plan): AsyncGenerator<number> {
  let chunkIndex = 0;
  for await (const receipt of allReceipts(table, plan)) {
    if (receipt === undefined) yield chunkIndex;
    chunkIndex += 1;
  }
}

async function* allReceipts(table: Table, plan: Plan): AsyncGenerator<Receipt | undefined> {
  const groups = Math.ceil(plan.chunkCount / RECEIPTS_PER_GROUP);
  for (let first = 0; first < groups; first += GROUPS_AT_ONCE) {
    const several = Array.from({ length: Math.min(GROUPS_AT_ONCE, groups - first) }, (_, at) => first + at);
    const items = await Promise.all(
      several.map(async (group) => await readItem(table, receiptsItem(plan, 0, group))),
    );
    const firstChunk = first * RECEIPTS_PER_GROUP;
    const endChunk = Math.min(firstChunk + several.length * RECEIPTS_PER_GROUP, plan.chunkCount);
    for (let index = firstChunk; index < endChunk; index += 1)
      yield receiptOf(items[groupOf(index) - first]?.[index]);
  }
}

async function addReceipt(
  table: Table,
  plan: Plan,
  written: ReceiptOfChunk,
): Promise<'added' | 'complete' | 'lost'> {
  const { chunkIndex, receipt, replaced } = written;
  const group = groupOf(chunkIndex);
  const item = await writeReceipt(table, receiptsItem(plan, 0, group), written);
  if (item === undefined) return 'lost';
  const received = Object.keys(item).filter((name) => /^\d+$/u.test(name)).length;
  if (received < sizeOf(plan.chunkCount, RECEIPTS_PER_GROUP, group)) return 'added';
  if (await isLastGroup(table, plan, group)) return 'complete';
  // A crash leaves a full group uncounted. When no receipt is missing, the watch sends the last chunk's job again.
  const isSentAgain = chunkIndex === plan.chunkCount - 1 && receipt.etag === replaced?.etag;
  return isSentAgain && (await isReceived(table, plan)) ? 'complete' : 'added';
}

/** True when every chunk has a receipt now, whatever was counted. */
async function isReceived(table: Table, plan: Plan): Promise<boolean> {
  for await (const receipt of allReceipts(table, plan)) if (receipt === undefined) return false;
  return true;
}

/** Counts a full group of receipts; true when every group is full now. */
async function isLastGroup(table: Table, plan: Plan, group: number): Promise<boolean> {
  let [member, members] = [group, Math.ceil(plan.chunkCount / RECEIPTS_PER_GROUP)];
  for (let level = 1; members > 1; level += 1) {
    const set = Math.floor(member / MEMBERS_PER_SET);
    const size = await addToSet(table, receiptsItem(plan, level, set), member);
    if (size < sizeOf(members, MEMBERS_PER_SET, set)) return false;
    [member, members] = [set, Math.ceil(members / MEMBERS_PER_SET)];
  }
  return true;
}

/** Returns the item as it is then; undefined when the receipt there is another one than `replaced`. */
async function writeReceipt(
  table: Table,
  key: ItemKey,
  { chunkIndex, receipt, replaced }: ReceiptOfChunk,
): Promise<Item | undefined> {
  return await table.updated(key, {
    update: 'SET #chunk = :receipt, expiresAt = :expires',
    condition: replaced === undefined ? 'attribute_not_exists(#chunk)' : '#chunk = :replaced',
    names: { chunk: String(chunkIndex) },
    values: {
      receipt: textOf(receipt),
      expires: expiresAt(RECEIPT_SECONDS),
      replaced: replaced && textOf(replaced),
    },
  });
}

/** Adds a member and returns how many the set has now. */
async function addToSet(table: Table, key: ItemKey, member: number): Promise<number> {
  const item = await table.updated(key, {
    update: 'ADD members :member SET expiresAt = :expires',
    values: { member: new Set([member]), expires: expiresAt(RECEIPT_SECONDS) },
  });
  const members = item?.['members'];
  return members instanceof Set ? members.size : 0;
}

async function readItem(table: Table, key: ItemKey): Promise<Item> {
  return (await table.get(key)) ?? {};
}

/** Joins both by a space, because an ETag has no space in it. */
function textOf({ etag, checksum }: Receipt): string {
  return `${etag} ${checksum}`;
}

function receiptOf(text: unknown): Receipt | undefined {
  if (typeof text !== 'string') return undefined;
  const [etag = '', checksum = ''] = text.split(' ');
  return { etag, checksum };
}

function groupOf(chunkIndex: number): number {
  return Math.floor(chunkIndex / RECEIPTS_PER_GROUP);
}

/** Returns how many of `all` belong into that group of up to `most` each. */
function sizeOf(all: number, most: number, group: number): number {
  return Math.min(most, all - group * most);
}
