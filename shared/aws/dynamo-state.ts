/**
 * The state table in DynamoDB: tenants, plans, receipts, rejections. The records of one batch of messages read their
 * tenants and plans in one request.
 */
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
import { parseTenant } from './tenant-records.ts';

export function dynamoState(table: Table): State {
  return {
    tenant: async (id) => await tenantOf(table, id),
    async tenantAndPlan(tenantId, objectId) {
      const [tenant, plan] = await Promise.all([tenantOf(table, tenantId), planOfId(table, objectId)]);
      return { ...(tenant === undefined ? {} : { tenant }), ...(plan === undefined ? {} : { plan }) };
    },
    ...dynamoPlans(table),
    ...dynamoReceipts(table),
    async recordRejection(rejection) {
      await putRejection(table, rejection);
    },
  };
}

async function tenantOf(table: Table, tenantId: TenantId): Promise<Tenant | undefined> {
  const item = await table.getTogether(tenantItem(tenantId));
  return item && parseTenant(item, tenantId);
}

async function planOfId(table: Table, objectId: ObjectId): Promise<Plan | undefined> {
  const item = await table.getTogether(planItem(objectId));
  return item && planOfRow(item, objectId);
}
