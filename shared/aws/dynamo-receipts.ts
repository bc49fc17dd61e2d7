/**
 * Receipts as number sets: adding to a set is idempotent, so a job delivered twice counts once, without a
 * transaction. 256 receipts share an item; the groups that are full are themselves a set in the plan's item. Of two
 * writers that add the last two, DynamoDB orders the updates, so at least one sees the set full.
 */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Plan } from '../chunk/plan.ts';
import { expiresAt, type ItemKey, planItem, receiptsItem, type StateTable } from './state-table.ts';

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
  const members: unknown = answer.Attributes?.['members'];
  return members instanceof Set ? members.size : 0;
}
