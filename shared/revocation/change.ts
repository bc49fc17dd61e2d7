/**
 * Changes a tenant's record: reads it, decides, and writes it. If somebody wrote the record in between, it begins
 * again.
 */
import { StorageUnavailableError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface TenantChange {
  readonly before: Tenant;
  readonly after: Tenant;
}

/** Few signals about one tenant come at the same moment. */
const MAX_ATTEMPTS = 10;

/**
 * Returns the change, or undefined when `decide` left the tenant as it is, or there is no tenant.
 * @throws StorageUnavailableError, and every error of `decide`
 */
export async function changeTenant(
  tenantId: TenantId,
  tenants: Pick<Tenants, 'tenant' | 'replace'>,
  decide: (tenant: Tenant) => Tenant | undefined | Promise<Tenant | undefined>,
): Promise<TenantChange | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const before = await tenants.tenant(tenantId);
    const after = before === undefined ? undefined : await decide(before);
    if (before === undefined || after === undefined) return undefined;
    if (await tenants.replace(before, after)) return { before, after };
  }
  throw new StorageUnavailableError(`tenant ${tenantId}: its record changes faster than it can be written`);
}
