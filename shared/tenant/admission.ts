/**
 * Lets work begin for a tenant only where the tenant's status allows it, and says otherwise what the work waits for.
 */
import { TenantOffboardedError, TenantRevokedError, TenantUnknownError } from '../errors.ts';
import { reasonsIn } from './key-signal.ts';
import { rulesOf } from './status.ts';
import type { TenantId } from './tenant-id.ts';
import type { Tenant } from './tenant.ts';

/** @throws TenantUnknownError when it is not registered */
export function requireRegistered(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  if (tenant !== undefined) return tenant;
  throw new TenantUnknownError(`tenant ${tenantId} is not registered; onboard it, then upload again`);
}

/**
 * Returns the tenant if an object that was uploaded at that time (ISO 8601, UTC) may be taken for it: whatever the state
 * of its key, unless it leaves or has left. A tenant that leaves has what came before its intake was closed.
 * @throws TenantUnknownError when it is not registered
 * @throws TenantOffboardedError when its intake is closed
 */
export function requireIntake(tenant: Tenant | undefined, tenantId: TenantId, uploadedAt: string): Tenant {
  const registered = requireRegistered(tenant, tenantId);
  const { takesUploads, encrypts } = rulesOf(registered);
  if (takesUploads || (encrypts && uploadedAt < registered.signal.at)) return registered;
  throw new TenantOffboardedError(`tenant ${tenantId} is ${registered.status}: nothing new is taken for it`);
}

/**
 * Returns the tenant if its key may be used for that kind of work.
 * @throws TenantUnknownError when it is not registered
 * @throws TenantRevokedError when the work has to wait
 */
export function requireWorking(
  tenant: Tenant | undefined,
  tenantId: TenantId,
  work: 'encrypts' | 'restores' | 'rotates',
): Tenant {
  const registered = requireRegistered(tenant, tenantId);
  if (rulesOf(registered)[work]) return registered;
  throw new TenantRevokedError(
    `tenant ${tenantId} is ${registered.status} since ${sinceWhat(registered)}; ` +
      `work waits until its key ${registered.kekArn} is active again`,
  );
}

/** Says in words what keeps the tenant from being active: everything that stands against its keys. */
export function sinceWhat({ signal, kekArn: own }: Tenant): string {
  const reasons = reasonsIn(signal);
  return (reasons.length === 0 ? [signal] : reasons)
    .map(({ name, at, kekArn = own }) => `${name}${kekArn === own ? '' : ` of ${kekArn}`} at ${at}`)
    .join(' and ');
}
