/**
 * We suspend a tenant and resume it. While it is suspended, its uploads are planned and wait. No event and no probe
 * makes it active again: only we do, and only if its key works.
 */
import { EventInvalidError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { changeTenant } from '../revocation/change.ts';
import { probeKey, type ProbeKms } from '../revocation/probe.ts';
import { settledAt } from '../revocation/settled.ts';
import { atMs, proven, reasonsIn, type TenantSignal } from '../tenant/key-signal.ts';
import { requireRegistered } from '../tenant/admission.ts';
import { hasTurned, requireTransition, rulesOf, turned } from '../tenant/status.ts';
import { currentKekArns, type Tenant, type TenantStatus } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface SuspendPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace'>;
  readonly kms: ProbeKms;
  /** The longest time that KMS may take until a change of a key has effect everywhere. */
  readonly propagationSeconds: number;
  readonly now: () => Date;
}

/** The tenant as it is after the request. */
export interface SuspendAnswer {
  readonly tenantId: TenantId;
  readonly status: TenantStatus;
}

/**
 * Stops a tenant. Idempotent.
 * @throws TenantUnknownError; EventInvalidError unless it is active or revoked
 */
export async function suspend(tenantId: TenantId, ports: SuspendPorts): Promise<SuspendAnswer> {
  await changeTenant(tenantId, ports.tenants, (tenant) => withSuspension(tenant, ports));
  return await answerAbout(tenantId, ports);
}

/**
 * Makes a suspended tenant active again. Idempotent.
 * @throws TenantUnknownError; EventInvalidError unless it is suspended
 * @throws TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError when its key does not work
 * @throws KmsUnavailableError when KMS does not say yet whether the key works
 */
export async function resume(tenantId: TenantId, ports: SuspendPorts): Promise<SuspendAnswer> {
  await changeTenant(tenantId, ports.tenants, async (tenant) => {
    if (hasTurned(tenant, 'resume')) return undefined;
    requireTransition(tenant, 'resume');
    await requireUsable(tenant, ports);
    return turned(tenant, 'resume', ourSignal('resumed', tenant, ports));
  });
  return await answerAbout(tenantId, ports);
}

/**
 * Checks that the tenant's key works. A key that was taken away may seem to work for a while, so every event against it
 * must be older than that.
 * @throws as `resume` does
 */
export async function requireUsable(
  tenant: Tenant,
  { kms, now, propagationSeconds }: Pick<SuspendPorts, 'kms' | 'now' | 'propagationSeconds'>,
): Promise<void> {
  const nowMs = now().getTime();
  const young = reasonsIn(tenant.signal).find((reason) => nowMs - atMs(reason) < propagationSeconds * 1000);
  if (young !== undefined)
    throw new EventInvalidError(
      `tenant ${tenant.tenantId}: ${young.name} is only ${Math.floor((nowMs - atMs(young)) / 1000)} s ago; ` +
        `KMS may take ${propagationSeconds} s to tell if the key works, so try again later`,
    );
  const probe = await probeKey(tenant, kms);
  if ('refused' in probe) throw probe.refused;
  if ('unreachable' in probe) throw probe.unreachable;
}

/**
 * Returns a signal of our own. It proves the keys only up to `propagationSeconds` ago, because later changes may not
 * have effect everywhere yet: an event that happened shortly before the signal and is heard after it still counts.
 */
export function ourSignal(
  name: string,
  { signal, ...keys }: Tenant,
  { now, propagationSeconds }: Pick<SuspendPorts, 'now' | 'propagationSeconds'>,
): TenantSignal {
  const settled = { name, at: settledAt(now(), propagationSeconds) };
  const { reasons, proofs } = proven(signal, settled, currentKekArns(keys));
  return { name, at: now().toISOString(), reasons, proofs };
}

/**
 * Returns the suspended tenant; undefined when it is suspended already. A tenant that was revoked keeps the signal that
 * says why.
 */
function withSuspension(tenant: Tenant, ports: SuspendPorts): Tenant | undefined {
  if (hasTurned(tenant, 'suspend')) return undefined;
  const keySignal = rulesOf(tenant).encrypts ? ourSignal('suspended', tenant, ports) : tenant.signal;
  return turned(tenant, 'suspend', keySignal);
}

async function answerAbout(tenantId: TenantId, { tenants }: SuspendPorts): Promise<SuspendAnswer> {
  const { status } = requireRegistered(await tenants.tenant(tenantId), tenantId);
  return { tenantId, status };
}
