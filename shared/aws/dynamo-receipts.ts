/**
 * Receipts in the state table: an item holds those of 64 chunks, one attribute each, written only over the one that
 * was read. Which items are full is counted above them by number sets, 256 to an item, level upon level: adding to a
 * set is idempotent, and of two writers that add the last two, DynamoDB orders the updates, so at least one sees the
 * set full. No item grows with the object: the largest has 12,494 items of receipts, 49 above them, and one on top.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Plan, Receipt } from '../object/plan.ts';
import type { ReceiptOfChunk, State } from '../ports/state.ts';
import { succeeds, updatedItem } from './conditional-write.ts';
import { expiresAt, type ItemKey, receiptsItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

type Receipts = Pick<State, 'receipt' | 'allReceipts' | 'addReceipt' | 'dropReceipt'>;
type Item = Readonly<Record<string, unknown>>;

/** Keeps an item of receipts, each about 50 bytes, below 4 KB. */
const RECEIPTS_PER_GROUP = 64;
/** Keeps a set near 1 KB. */
const MEMBERS_PER_SET = 256;
/** Groups read at once: about as many as one page of the vault's listing stands for. */
const GROUPS_AT_ONCE = 16;
/** Receipts of work that waits for a key must outlive the wait; a redrive of the plan makes lost ones anew. */
const RECEIPT_SECONDS = 400 * 86_400;

export function dynamoReceipts(table: StateTable): Receipts {
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
    dropReceipt: async (plan, chunkIndex, receipt) => await dropReceipt(table, plan, chunkIndex, receipt),
  };
}

/** The chunks without a receipt, in order, few groups in memory at a time. */
export async function* missingChunks(table: StateTable, plan: Plan): AsyncGenerator<number> {
  let chunkIndex = 0;
  for await (const receipt of allReceipts(table, plan)) {
    if (receipt === undefined) yield chunkIndex;
    chunkIndex += 1;
  }
}

async function* allReceipts(table: StateTable, plan: Plan): AsyncGenerator<Receipt | undefined> {
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
  table: StateTable,
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

/** Whether every chunk has a receipt now, whatever was counted. */
async function isReceived(table: StateTable, plan: Plan): Promise<boolean> {
  for await (const receipt of allReceipts(table, plan)) if (receipt === undefined) return false;
  return true;
}

/** Counts a full group of receipts; true when every group is full now. */
async function isLastGroup(table: StateTable, plan: Plan, group: number): Promise<boolean> {
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
  table: StateTable,
  Key: ItemKey,
  { chunkIndex, receipt, replaced }: ReceiptOfChunk,
): Promise<Item | undefined> {
  const condition = replaced === undefined ? 'attribute_not_exists(#chunk)' : '#chunk = :replaced';
  const command = new UpdateCommand({
    TableName: table.name,
    Key,
    UpdateExpression: 'SET #chunk = :receipt, expiresAt = :expires',
    ConditionExpression: condition,
    ExpressionAttributeNames: { '#chunk': String(chunkIndex) },
    ExpressionAttributeValues: {
      ':receipt': textOf(receipt),
      ':expires': expiresAt(RECEIPT_SECONDS),
      ...(replaced === undefined ? {} : { ':replaced': textOf(replaced) }),
    },
    ReturnValues: 'ALL_NEW',
  });
  return await storing('dynamodb:UpdateItem', async () => await updatedItem(table, command));
}

async function dropReceipt(
  { client, name }: StateTable,
  plan: Plan,
  chunkIndex: number,
  receipt: Receipt,
): Promise<void> {
  const command = new UpdateCommand({
    TableName: name,
    Key: receiptsItem(plan, 0, groupOf(chunkIndex)),
    UpdateExpression: 'REMOVE #chunk',
    ConditionExpression: '#chunk = :receipt',
    ExpressionAttributeNames: { '#chunk': String(chunkIndex) },
    ExpressionAttributeValues: { ':receipt': textOf(receipt) },
  });
  await storing('dynamodb:UpdateItem', async () => await succeeds(client.send(command)));
}

/** Adds a member and returns how many the set has now. */
async function addToSet({ client, name }: StateTable, Key: ItemKey, member: number): Promise<number> {
  const command = new UpdateCommand({
    TableName: name,
    Key,
    UpdateExpression: 'ADD members :member SET expiresAt = :expires',
    ExpressionAttributeValues: { ':member': new Set([member]), ':expires': expiresAt(RECEIPT_SECONDS) },
    ReturnValues: 'ALL_NEW',
  });
  const { Attributes } = await storing('dynamodb:UpdateItem', async () => await client.send(command));
  const members: unknown = Attributes?.['members'];
  return members instanceof Set ? members.size : 0;
}

async function readItem({ client, name }: StateTable, Key: ItemKey): Promise<Item> {
  const command = new GetCommand({ TableName: name, Key, ConsistentRead: true });
  return (await storing('dynamodb:GetItem', async () => await client.send(command))).Item ?? {};
}

/** An ETag has no space in it. */
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

/** How many of `all` belong into that group of up to `most` each. */
function sizeOf(all: number, most: number, group: number): number {
  return Math.min(most, all - group * most);
}
