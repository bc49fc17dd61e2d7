/** The state table in DynamoDB: tenants, plans, receipts, rejections. */
import type { ObjectId } from '../object/object-id.ts';
import { type Plan, planOfRow } from '../object/plan.ts';
import type { State } from '../ports/state.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { dynamoPlans } from './dynamo-plans.ts';
import { dynamoReceipts } from './dynamo-receipts.ts';
import { putRejection } from './dynamo-rejections.ts';
import { planItem, tenantItem } from './state-keys.ts';
import type { Table } from './table.ts';
import { parseTenant, readTenant } from './tenant-records.ts';

export function dynamoState(table: Table): State {
  return {
    tenant: async (id) => await readTenant(table, id),
    tenantAndPlan: async (tenantId, objectId) => await readTenantAndPlan(table, tenantId, objectId),
    ...dynamoPlans(table),
    ...dynamoReceipts(table),
    async recordRejection(rejection) {
      await putRejection(table, rejection);
    },
  };
}

async function readTenantAndPlan(
  table: Table,
  tenantId: TenantId,
  objectId: ObjectId,
): Promise<{ tenant?: Tenant; plan?: Plan }> {
  const items = await table.getAll([tenantItem(tenantId), planItem(objectId)]);
  const tenant = items.find((item) => item['sk'] === 'tenant');
  const plan = items.find((item) => item['sk'] === 'plan');
  return {
    ...(tenant === undefined ? {} : { tenant: parseTenant(tenant, tenantId) }),
    ...(plan === undefined ? {} : { plan: planOfRow(plan, objectId) }),
  };
}
