/** The keys that a tenant's record names: all of them must work, or the tenant is not served. */
import { currentKekArns } from '../../../shared/tenant/tenant.ts';
import type { Account } from './account.ts';
import type { TenantKey } from './tenant-keys.ts';

/** Returns the KEK that new objects are planned under, and its replicas. */
export function keysInUse({ state, everyKey }: Account, tenantId: string): readonly TenantKey[] {
  const tenant = state.tenants.get(tenantId);
  const arns = new Set(tenant === undefined ? [] : currentKekArns(tenant));
  return everyKey.filter(({ arn }) => arns.has(arn));
}

/** True when all of them work for us. */
export async function areInOrder(account: Account, tenantId: string): Promise<boolean> {
  const works = await Promise.all(keysInUse(account, tenantId).map(async (key) => await key.works()));
  return works.length > 0 && works.every(Boolean);
}
