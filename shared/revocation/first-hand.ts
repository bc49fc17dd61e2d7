/** Revokes a tenant when KMS refuses our own call: that is a disabling event, seen first-hand. */
import type { MaterialsCache } from '../envelope/cache/materials-cache.ts';
import type { KeyRefusal } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import { changeTenant } from './change.ts';
import { refused } from './transition.ts';

export interface FirstHandPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace'>;
  readonly cache: Pick<MaterialsCache, 'observe' | 'flush'>;
  readonly now: () => Date;
  readonly revocations: RevocationLog;
}

export interface RevocationLog {
  revoked(tenant: Tenant): void;
  /**
   * Reports that the refusal could not be written to the tenant's record. The next refusal or the watch makes up for
   * it.
   */
  notRevoked(tenant: Tenant, failure: unknown): void;
}

/**
 * Drops the tenant's keys in this sandbox, and revokes the tenant unless its epoch has changed since the work began.
 * When the refused key is one that the tenant had before, only the keys under that KEK are dropped, and all else goes
 * on. Never throws.
 */
export async function revokeFirstHand(
  tenant: Tenant,
  refusal: KeyRefusal,
  { tenants, cache, now, revocations }: FirstHandPorts,
): Promise<void> {
  const { kekArn = tenant.kekArn } = refusal;
  cache.flush(tenant.tenantId, retiredKekOf(tenant, kekArn));
  const keySignal = { name: refusal.code, at: now().toISOString(), kekArn };
  try {
    const change = await changeTenant(tenant.tenantId, tenants, (current) =>
      currentKekArns(current).includes(kekArn) ? refused(current, tenant.epoch, keySignal) : undefined,
    );
    if (change === undefined) return;
    cache.observe(change.after);
    revocations.revoked(change.after);
  } catch (failure) {
    revocations.notRevoked(tenant, failure);
  }
}

/**
 * Returns the retired KEK that `keyArn` names, or names a replica of. Returns undefined for a key in use, and for a key
 * that was never the tenant's.
 */
function retiredKekOf(tenant: Tenant, keyArn: string): string | undefined {
  if (currentKekArns(tenant).includes(keyArn)) return undefined;
  return tenant.retiredKeks.find((retired) => currentKekArns(retired).includes(keyArn))?.kekArn;
}
