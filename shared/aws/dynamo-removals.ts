/** How far the removals of tenants have come, in the state table. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type Removal, removalSchema } from '../tenant/removal.ts';
import type { Removals } from '../ports/tenants.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { removalItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';
import { invalidRow } from './tenant-records.ts';

export function dynamoRemovals({ client, name }: StateTable): Removals {
  return {
    async read(tenantId) {
      const command = new GetCommand({ TableName: name, Key: removalItem(tenantId), ConsistentRead: true });
      const { Item } = await storing('dynamodb:GetItem', async () => await client.send(command));
      return Item === undefined ? undefined : parseRemoval(Item, tenantId);
    },
    async write(removal) {
      const Item = { ...removalItem(removal.tenantId), ...removal };
      const command = new PutCommand({ TableName: name, Item });
      await storing('dynamodb:PutItem', async () => await client.send(command));
    },
  };
}

/** @throws TenantInvalidError when the item is no removal of this tenant's */
function parseRemoval(item: unknown, tenantId: TenantId): Removal {
  const { data, error } = removalSchema.safeParse(item);
  if (data?.tenantId === tenantId) return data;
  const reason = data === undefined ? z.prettifyError(error) : `it names tenant ${data.tenantId}`;
  throw invalidRow(removalItem(tenantId), `is no removal of tenant ${tenantId}: ${reason}`);
}
