/** The part of the state table that the fleet must see through: who changes a tenant, and leases that outlive their holder. */
import type { Leases } from '../../../shared/ports/leases.ts';
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

/** A sandbox that dies keeps what it held until its time is up. */
export function expiringLeases(): Leases {
  const held = new Map<string, { readonly holder: string; readonly untilMs: number }>();
  function isOpen(lease: string, holder: string): boolean {
    const present = held.get(lease);
    return present === undefined || present.holder === holder || present.untilMs <= Date.now();
  }
  return {
    async hold(lease, holder, seconds) {
      await Promise.resolve();
      const isHeld = isOpen(lease, holder);
      if (isHeld) held.set(lease, { holder, untilMs: Date.now() + seconds * 1000 });
      return isHeld;
    },
    async release(lease, holder) {
      await Promise.resolve();
      if (held.get(lease)?.holder === holder) held.delete(lease);
    },
  };
}
