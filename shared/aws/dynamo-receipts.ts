/**
 * Receipts as number sets: adding to a set is idempotent, so a job delivered twice counts once, without a
 * transaction. 256 receipts share an item; the groups that are full are themselves a set in the plan's item. Of two
 * writers that add the last two, DynamoDB orders the updates, so at least one sees the set full.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Plan } from '../chunk/plan.ts';
import { expiresAt, type ItemKey, planItem, receiptsItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** Keeps a receipt item near 1 KB, and the full groups of the largest object (3,124) below 16 KB. */
const RECEIPTS_PER_GROUP = 256;
/** Receipts of work that waits for a key must outlive the wait; a redrive of the plan makes lost ones anew. */
const RECEIPT_SECONDS = 400 * 86_400;

/** True when every chunk of the plan has a receipt. An object of one chunk needs no state for that. */
export async function addReceipt(table: StateTable, plan: Plan, chunkIndex: number): Promise<boolean> {
  if (plan.chunkCount === 1) return true;
  const group = Math.floor(chunkIndex / RECEIPTS_PER_GROUP);
  const received = await addToSet(
    table,
    receiptsItem(plan.objectId, group),
    chunkIndex,
    expiresAt(RECEIPT_SECONDS),
  );
  if (received < groupSize(plan, group)) return false;
  const groups = Math.ceil(plan.chunkCount / RECEIPTS_PER_GROUP);
  return groups === 1 || (await addToSet(table, planItem(plan.objectId), group)) === groups;
}

/** The chunks without a receipt, in order, one group in memory at a time. */
export async function* missingChunks(table: StateTable, plan: Plan): AsyncGenerator<number> {
  for (let first = 0; first < plan.chunkCount; first += RECEIPTS_PER_GROUP) {
    const group = first / RECEIPTS_PER_GROUP;
    const received = await storing(
      'dynamodb:GetItem',
      async () => await readSet(table, receiptsItem(plan.objectId, group)),
    );
    for (let chunkIndex = first; chunkIndex < first + groupSize(plan, group); chunkIndex += 1) {
      if (!received.has(chunkIndex)) yield chunkIndex;
    }
  }
}

function groupSize({ chunkCount }: Plan, group: number): number {
  return Math.min(RECEIPTS_PER_GROUP, chunkCount - group * RECEIPTS_PER_GROUP);
}

/** Adds a member and returns how many the set has now. */
async function addToSet(table: StateTable, Key: ItemKey, member: number, expires?: number): Promise<number> {
  const answer = await table.client.send(
    new UpdateCommand({
      TableName: table.name,
      Key,
      UpdateExpression: `ADD members :member${expires === undefined ? '' : ' SET expiresAt = :expires'}`,
      ExpressionAttributeValues: { ':member': new Set([member]), ':expires': expires },
      ReturnValues: 'UPDATED_NEW',
    }),
  );
  return membersOf(answer.Attributes).size;
}

async function readSet({ client, name }: StateTable, Key: ItemKey): Promise<ReadonlySet<unknown>> {
  const { Item } = await client.send(new GetCommand({ TableName: name, Key, ConsistentRead: true }));
  return membersOf(Item);
}

function membersOf(item: Readonly<Record<string, unknown>> | undefined): ReadonlySet<unknown> {
  const members = item?.['members'];
  return members instanceof Set ? members : new Set();
}
