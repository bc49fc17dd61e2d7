/** The removals of tenants, in the state table. */
import * as z from 'zod';
import { type Removal, removalSchema } from '../tenant/removal.ts';
import type { Removals } from '../ports/tenants.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { removalItem } from './state-keys.ts';
import type { Item, Table } from './table.ts';
import { invalidRow } from './tenant-records.ts';

export function dynamoRemovals(table: Table): Removals {
  return {
    async read(tenantId) {
      const item = await table.get(removalItem(tenantId));
      return item && parseRemoval(item, tenantId);
    },
    async write(removal) {
      await table.put({ ...removalItem(removal.tenantId), ...removal });
    },
  };
}

/** @throws TenantInvalidError when the item is no removal of this tenant's */
function parseRemoval(item: Item, tenantId: TenantId): Removal {
  const { data, error } = removalSchema.safeParse(item);
  if (data?.tenantId === tenantId) return data;
  const reason = data === undefined ? z.prettifyError(error) : `it names tenant ${data.tenantId}`;
  throw invalidRow(removalItem(tenantId), `is no removal of tenant ${tenantId}: ${reason}`);
}
