/** The state table in DynamoDB: tenants, plans, receipts, rejections. */
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import type { ObjectId } from '../object/object-id.ts';
import { type Plan, planOfRow } from '../object/plan.ts';
import { StorageUnavailableError } from '../errors.ts';
import type { State } from '../ports/state.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { dynamoPlans } from './dynamo-plans.ts';
import { dynamoReceipts } from './dynamo-receipts.ts';
import { putRejection } from './dynamo-rejections.ts';
import { planItem, type StateTable, tenantItem } from './state-table.ts';
import { storing } from './storage-failure.ts';
import { parseTenant, readTenant } from './tenant-records.ts';

export function dynamoState(table: StateTable): State {
  return {
    tenant: async (id) => await storing('dynamodb:GetItem', async () => await readTenant(table, id)),
    tenantAndPlan: async (tenantId, objectId) =>
      await storing('dynamodb:BatchGetItem', async () => await readTenantAndPlan(table, tenantId, objectId)),
    ...dynamoPlans(table),
    ...dynamoReceipts(table),
    async recordRejection(rejection) {
      await putRejection(table, rejection);
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
    ...(plan === undefined ? {} : { plan: planOfRow(plan, objectId) }),
  };
}
