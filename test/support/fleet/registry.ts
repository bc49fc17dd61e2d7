/** The tenants' records, through which the fleet must see: who changes a tenant. */
import type { Tenants } from '../../../shared/ports/tenants.ts';
import type { Tenant } from '../../../shared/tenant/tenant.ts';
import type { TenantId } from '../../../shared/tenant/tenant-id.ts';
import type { EditedRecords } from '../edited-records.ts';
import { memoryTenants } from '../memory-tenants.ts';

/** `changed` hears of every record that is written. */
export function heardTenants(changed: (tenant: Tenant) => void, edited: EditedRecords): Tenants {
  const tenants = memoryTenants();
  tenants.edited = edited;
  function told(tenantId: TenantId, isWritten: boolean): boolean {
    const record = tenants.records.get(tenantId);
    if (isWritten && record !== undefined) changed(record);
    return isWritten;
  }
  return {
    ...tenants,
    register: async (tenant) => told(tenant.tenantId, await tenants.register(tenant)),
    rewrite: async (read, next) => told(read.tenantId, await tenants.rewrite(read, next)),
    replace: async (read, next) => told(read.tenantId, await tenants.replace(read, next)),
  };
}
