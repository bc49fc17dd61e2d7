/**
 * An id that was never active has served nobody: when it is removed, nothing is left of it, and it can be given to
 * somebody else. Unless something was uploaded under it, for that would then become somebody else's.
 */
import { rulesOf } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { Removal } from '../tenant/removal.ts';
import type { RemovePorts } from './removal-step.ts';

const JOBS_AT_ONCE = 100;

/** True when nothing says any more that the tenant was there. */
export async function forgetIfUnused(removal: Removal, { tenants }: RemovePorts): Promise<boolean> {
  const { tenantId, step, neverActive, uploadsLeft, jobsLeftParked } = removal;
  if (step !== 'done' || neverActive !== true || uploadsLeft > 0 || jobsLeftParked > 0) return false;
  const tenant = await tenants.tenant(tenantId);
  return tenant !== undefined && rulesOf(tenant).key === 'left' && (await tenants.forget(tenant));
}

/**
 * Of a removal that was begun before it was remembered whether the tenant was active. No such removal drained, and
 * a tenant that was pending keeps the signal of its registration: whoever was active is signed off by a signal of ours,
 * or by what took its key away.
 */
export function wasNeverActive({ drain }: Removal, tenant: Tenant): boolean {
  return !drain && rulesOf(tenant).key === 'left' && tenant.signal.name === 'registered';
}

/** Jobs of uploads that somebody has deleted since. Precondition: nothing of the tenant is in the ingest bucket. */
export async function dropParkedJobs(tenantId: TenantId, { parking }: RemovePorts): Promise<void> {
  for (;;) {
    const parked = await parking.oldest(tenantId, JOBS_AT_ONCE);
    if (parked.length === 0) return;
    await parking.remove(parked);
  }
}
