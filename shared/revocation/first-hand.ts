/** KMS refused our own call: the same as a disabling event, seen first-hand. */
import type { MaterialsCache } from '../envelope/materials-cache.ts';
import type { KeyRefusal } from '../errors.ts';
import type { Tenants } from '../ports.ts';
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
  /** The refusal could not be written to the tenant's record; the next refusal, or the watch, makes it good. */
  notRevoked(tenant: Tenant, failure: unknown): void;
}

/**
 * Drops the tenant's keys here, and revokes it unless its epoch is no longer the one the work began under, or the key
 * that was refused is one that it had before. Never throws.
 */
export async function revokeFirstHand(
  tenant: Tenant,
  refusal: KeyRefusal,
  { tenants, cache, now, revocations }: FirstHandPorts,
): Promise<void> {
  cache.flush(tenant.tenantId);
  const { kekArn = tenant.kekArn } = refusal;
  const signal = { name: refusal.code, at: now().toISOString(), kekArn };
  try {
    const change = await changeTenant(tenant.tenantId, tenants, (current) =>
      currentKekArns(current).includes(kekArn) ? refused(current, tenant.epoch, signal) : undefined,
    );
    if (change === undefined) return;
    cache.observe(change.after);
    revocations.revoked(change.after);
  } catch (failure) {
    revocations.notRevoked(tenant, failure);
  }
}
