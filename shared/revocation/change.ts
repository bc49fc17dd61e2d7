/** Applies a signal to a tenant's record: read, decide, write unless somebody wrote in between, and again. */
import { StorageUnavailableError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface TenantChange {
  readonly before: Tenant;
  readonly after: Tenant;
}

/** Signals about one tenant at the same moment are few. */
const MAX_ATTEMPTS = 10;

/**
 * What was changed; undefined when `decide` left the tenant as it is, or there is none.
 * @throws StorageUnavailableError, and whatever `decide` throws
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
