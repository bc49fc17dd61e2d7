/** The materials cache of one sandbox: a partition per tenant, dropped as soon as the tenant's epoch changes. */
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface MaterialsCache {
  /** Call with every fresh read of a tenant: drops, zeroed, whatever was cached in another epoch of it. */
  observe(tenant: Pick<Tenant, 'tenantId' | 'epoch'>): void;
  /** Drops every cached key of the tenant, zeroed. */
  flush(tenantId: TenantId): void;
}

export function materialsCache(): MaterialsCache {
  return { observe: () => undefined, flush: () => undefined };
}
