/** Plans in the state table: written once, and then changed only as they were read, so that no writer of an earlier generation has a say. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type Plan, planOfRow, type Unreadable } from '../object/plan.ts';
import type { State } from '../ports/state.ts';
import { updatedItem } from './conditional-write.ts';
import { expiresAt, planItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

type Plans = Pick<
  State,
  'createPlan' | 'advancePlan' | 'replan' | 'noteManifest' | 'markSealed' | 'markUnreadable'
>;

/** Longer than SQS keeps a message (14 days), so that a redelivered job always finds its plan. */
const SEALED_PLAN_SECONDS = 30 * 86_400;

export function dynamoPlans(table: StateTable): Plans {
  return {
    createPlan: async (plan) => await storing('dynamodb:PutItem', async () => await createPlan(table, plan)),
    async advancePlan(plan, jobsSent) {
      await updatePlan(table, plan, { UpdateExpression: 'SET jobsSent = :jobsSent' }, { jobsSent });
    },
    replan: async (plan, kekArn) => await replan(table, plan, kekArn),
    async noteManifest(plan, digest) {
      const update = { UpdateExpression: 'ADD manifestDigests :digests' };
      return (await updatePlan(table, plan, update, { digests: new Set([digest]) })) !== undefined;
    },
    async markSealed(plan, sealedAt) {
      const UpdateExpression = 'SET sealedAt = if_not_exists(sealedAt, :sealedAt), expiresAt = :expires';
      const values = { sealedAt, expires: expiresAt(SEALED_PLAN_SECONDS) };
      return (await updatePlan(table, plan, { UpdateExpression }, values)) !== undefined;
    },
    async markUnreadable(plan, unreadable) {
      const UpdateExpression = 'SET unreadable = if_not_exists(unreadable, :unreadable)';
      const row = await updatePlan(table, plan, { UpdateExpression }, { unreadable });
      // Planned anew meanwhile: the next generation finds out by itself.
      return row === undefined ? unreadable : (planOfRow(row, plan.objectId).unreadable ?? unreadable);
    },
  };
}

async function createPlan({ client, name }: StateTable, plan: Plan): Promise<Plan> {
  const command = new PutCommand({
    TableName: name,
    Item: { ...planItem(plan.objectId), ...plan },
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  try {
    await client.send(command);
    return plan;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException) || error.Item === undefined) throw error;
    return planOfRow(unmarshall(error.Item), plan.objectId);
  }
}

async function replan(table: StateTable, plan: Plan, kekArn: string): Promise<Plan | undefined> {
  const UpdateExpression =
    'SET generation = :next, kekArn = :kekArn REMOVE sealedAt, manifestDigests, expiresAt';
  const isAsRead =
    plan.sealedAt === undefined ? 'attribute_not_exists(sealedAt)' : 'sealedAt = :readSealedAt';
  const update = { UpdateExpression, ConditionExpression: `kekArn = :readKekArn AND ${isAsRead}` };
  const row = await updatePlan(table, plan, update, {
    next: plan.generation + 1,
    kekArn,
    readKekArn: plan.kekArn,
    ...(plan.sealedAt === undefined ? {} : { readSealedAt: plan.sealedAt }),
  });
  return row === undefined ? undefined : planOfRow(row, plan.objectId);
}

/** Updates the plan of this generation and returns its row; undefined when that or another condition did not hold. */
async function updatePlan(
  table: StateTable,
  { objectId, generation }: Plan,
  update: Pick<UpdateCommandInput, 'UpdateExpression' | 'ConditionExpression'>,
  values: Readonly<Record<string, string | number | Set<string> | Unreadable>>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  // The plans of earlier versions have no generation.
  const none = generation === 0 ? 'attribute_not_exists(generation) OR ' : '';
  const more = update.ConditionExpression === undefined ? '' : ` AND ${update.ConditionExpression}`;
  const command = new UpdateCommand({
    TableName: table.name,
    Key: planItem(objectId),
    UpdateExpression: update.UpdateExpression,
    ConditionExpression: `attribute_exists(tenantId) AND (${none}generation = :generation)${more}`,
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries({ ...values, generation }).map(([key, value]) => [`:${key}`, value]),
    ),
    ReturnValues: 'ALL_NEW',
  });
  return await storing('dynamodb:UpdateItem', async () => await updatedItem(table, command));
}
