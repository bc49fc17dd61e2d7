/** The state table in DynamoDB: tenants, plans, receipts, rejections. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ObjectId } from '../chunk/object-id.ts';
import { type Plan, planSchema } from '../chunk/plan.ts';
import { StorageUnavailableError } from '../errors.ts';
import type { State } from '../ports.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { addReceipt } from './dynamo-receipts.ts';
import { expiresAt, planItem, rejectionItem, type StateTable, tenantItem } from './state-table.ts';
import { storing } from './storage-failure.ts';
import { parseTenant, readTenant } from './tenant-records.ts';

/** Longer than SQS keeps a message (14 days), so that a redelivered job always finds its plan. */
const SEALED_PLAN_SECONDS = 30 * 86_400;

export function dynamoState(table: StateTable): State {
  return {
    tenant: async (id) => await storing('dynamodb:GetItem', async () => await readTenant(table, id)),
    tenantAndPlan: async (tenantId, objectId) =>
      await storing('dynamodb:BatchGetItem', async () => await readTenantAndPlan(table, tenantId, objectId)),
    createPlan: async (plan) => await storing('dynamodb:PutItem', async () => await createPlan(table, plan)),
    advancePlan: async (plan, jobsSent) =>
      await updatePlan(table, plan, 'SET jobsSent = :jobsSent', { jobsSent }),
    addReceipt: async (plan, chunkIndex) =>
      await storing('dynamodb:UpdateItem', async () => await addReceipt(table, plan, chunkIndex)),
    markSealed: async (plan, sealedAt) =>
      await updatePlan(
        table,
        plan,
        'SET sealedAt = if_not_exists(sealedAt, :sealedAt), expiresAt = :expires',
        {
          sealedAt,
          expires: expiresAt(SEALED_PLAN_SECONDS),
        },
      ),
    async recordRejection(rejection) {
      const Item = { ...rejectionItem(rejection.id), ...rejection };
      const command = new PutCommand({ TableName: table.name, Item });
      await storing('dynamodb:PutItem', async () => await table.client.send(command));
    },
  };
}

async function readTenantAndPlan(
  { client, name }: StateTable,
  tenantId: TenantId,
  objectId: ObjectId,
): Promise<{ tenant?: Tenant; plan?: Plan }> {
  const Keys = [tenantItem(tenantId), planItem(objectId)];
  const command = new BatchGetCommand({ RequestItems: { [name]: { Keys, ConsistentRead: true } } });
  const { Responses, UnprocessedKeys } = await client.send(command);
  if (UnprocessedKeys?.[name] !== undefined)
    throw new StorageUnavailableError('dynamodb:BatchGetItem was throttled');
  const items = Responses?.[name] ?? [];
  const tenant = items.find(({ sk }) => sk === 'tenant');
  const plan = items.find(({ sk }) => sk === 'plan');
  return {
    ...(tenant === undefined ? {} : { tenant: parseTenant(tenant, tenantId) }),
    ...(plan === undefined ? {} : { plan: planSchema.parse(plan) }),
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
    return planSchema.parse(unmarshall(error.Item));
  }
}

async function updatePlan(
  { client, name }: StateTable,
  { objectId }: Plan,
  UpdateExpression: string,
  values: Readonly<Record<string, string | number>>,
): Promise<void> {
  const command = new UpdateCommand({
    TableName: name,
    Key: planItem(objectId),
    UpdateExpression,
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [`:${key}`, value]),
    ),
  });
  await storing('dynamodb:UpdateItem', async () => await client.send(command));
}
