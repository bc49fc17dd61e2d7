/**
 * We stop a tenant, and let it go on. Its uploads are planned and wait meanwhile; no event and no probe brings it
 * back, only we do, and only if its key works.
 */
import { EventInvalidError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { changeTenant } from '../revocation/change.ts';
import { probeKey } from '../revocation/probe.ts';
import type { KmsProbe } from '../ports/kms.ts';
import { settledAt } from '../revocation/transition.ts';
import { atMs, proven, reasonsIn, type TenantSignal } from '../tenant/key-signal.ts';
import { requireRegistered } from '../tenant/admission.ts';
import { hasTurned, requireTransition, rulesOf, turned } from '../tenant/status.ts';
import { currentKekArns, type Tenant, type TenantStatus } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface SuspendPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace'>;
  readonly kms: KmsProbe;
  /** How long KMS may take to spread a change of a key. */
  readonly propagationSeconds: number;
  readonly now: () => Date;
}

export interface Standing {
  readonly tenantId: TenantId;
  readonly status: TenantStatus;
}

/**
 * Idempotent.
 * @throws TenantUnknownError; EventInvalidError unless it is active or revoked
 */
export async function suspend(tenantId: TenantId, ports: SuspendPorts): Promise<Standing> {
  await changeTenant(tenantId, ports.tenants, (tenant) => suspended(tenant, ports));
  return await standingOf(tenantId, ports);
}

/**
 * Idempotent.
 * @throws TenantUnknownError; EventInvalidError unless it is suspended
 * @throws TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError when its key does not work
 * @throws KmsUnavailableError when that cannot be told yet
 */
export async function resume(tenantId: TenantId, ports: SuspendPorts): Promise<Standing> {
  await changeTenant(tenantId, ports.tenants, async (tenant) => {
    if (hasTurned(tenant, 'resume')) return undefined;
    requireTransition(tenant, 'resume');
    await requireUsable(tenant, ports);
    return turned(tenant, 'resume', ourSignal('resumed', tenant, ports));
  });
  return await standingOf(tenantId, ports);
}

/**
 * A key that was taken away may seem to work for a while, so what was heard of it must be older than that.
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
        `KMS may take ${propagationSeconds} s to tell whether the key works`,
    );
  const probe = await probeKey(tenant, kms);
  if ('refused' in probe) throw probe.refused;
  if ('unreachable' in probe) throw probe.unreachable;
}

/**
 * A signal of our own. It proves no more of the keys than KMS has told everybody by now: an event of before it that is
 * heard after it still counts.
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

/** A revoked tenant keeps the reason. */
function suspended(tenant: Tenant, ports: SuspendPorts): Tenant | undefined {
  if (hasTurned(tenant, 'suspend')) return undefined;
  const signal = rulesOf(tenant).encrypts ? ourSignal('suspended', tenant, ports) : tenant.signal;
  return turned(tenant, 'suspend', signal);
}

async function standingOf(tenantId: TenantId, { tenants }: SuspendPorts): Promise<Standing> {
  const { status } = requireRegistered(await tenants.tenant(tenantId), tenantId);
  return { tenantId, status };
}
