/**
 * The first step of a removal: no new upload is taken, and what was taken is sealed as long as that makes progress.
 */
import { SealstreamError } from '../errors.ts';
import { changeTenant } from '../revocation/change.ts';
import { requireRegistered } from '../tenant/admission.ts';
import { hasTurned, rulesOf, turned } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { NamedVersions } from '../tenant/named-versions.ts';
import type { Draining, Removal } from '../tenant/removal.ts';
import type { RemovePorts, StepResult } from './removal-step.ts';
import { ourSignal, requireUsable } from './suspend.ts';
import { countWaiting } from './waiting.ts';

/**
 * After this time without a sealed object a person has to look. It is longer than a failed job waits for its next try.
 */
const STALLED_MS = 15 * 60_000;

export async function drainStep(
  removal: Removal,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<StepResult> {
  const { tenantId, drain } = removal;
  const tenant = await closeIntake(tenantId, ports);
  if (!drain) return { progress: { step: 'drop-keys' } };
  const { taken } = await countWaiting({ tenantId, closedAt: removal.startedAt }, ports, signal);
  if (taken.count === 0) return { progress: { step: 'drop-keys' } };
  const draining = drainingSince(removal, taken.count, ports.now());
  const blocked = rulesOf(tenant).encrypts
    ? stallReason(draining, taken, ports.now())
    : await reopen(tenant, ports);
  const waiting = taken.count;
  return { progress: { draining }, waits: { waiting, ...(blocked === undefined ? {} : { blocked }) } };
}

/**
 * Closes the intake. A tenant that is not active is offboarded at once. What is planned for it stays parked unless its
 * key works.
 */
async function closeIntake(tenantId: TenantId, ports: RemovePorts): Promise<Tenant> {
  await changeTenant(tenantId, ports.tenants, (tenant) => {
    if (!rulesOf(tenant).takesUploads) return undefined;
    const keySignal = rulesOf(tenant).encrypts ? ourSignal('offboarding', tenant, ports) : tenant.signal;
    return turned(tenant, 'offboard', keySignal);
  });
  return requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
}

function drainingSince({ draining }: Removal, waiting: number, now: Date): Draining {
  return draining?.waiting === waiting ? draining : { waiting, since: now.toISOString() };
}

/**
 * Returns the reason why the drain makes no progress, if it makes none. Work that never ends must not stop the removal.
 */
function stallReason({ since }: Draining, { first, count }: NamedVersions, now: Date): string | undefined {
  if (now.getTime() - Date.parse(since) < STALLED_MS) return undefined;
  const more = count > first.length ? ` and ${count - first.length} more` : '';
  return (
    `nothing was sealed since ${since}; what waits is ${first.join(', ')}${more}. Look for it among the rejections ` +
    'and in the dead-letter queues, and remove the tenant again when it is sealed or gone; ' +
    'or remove it without a drain, and what waits stays in the ingest bucket'
  );
}

/** Allows sealing what is planned, if the key works. Returns the reason if it does not. */
async function reopen({ tenantId }: Tenant, ports: RemovePorts): Promise<string | undefined> {
  try {
    await changeTenant(tenantId, ports.tenants, async (tenant) => {
      if (hasTurned(tenant, 'drain')) return undefined;
      await requireUsable(tenant, ports);
      return turned(tenant, 'drain', ourSignal('offboarding', tenant, ports));
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof SealstreamError) || error.disposition === 'retry') throw error;
    return `${error.message}; or remove it without a drain, and what waits stays parked`;
  }
}
