/**
 * Once a minute: finds out what no event told. Probes every tenant's key, revokes and re-activates, warns of keys
 * that are about to go, re-drives stuck uploads, unparks. A probe is three requests to KMS, so a tenant costs 4,320 a
 * day, $0.013. Memory is flat in the number of tenants, and one tenant's failure stops nobody else.
 */
import { TenantInvalidError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { rulesOf } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { changeTenant } from '../revocation/change.ts';
import { forEveryTenant } from './every-tenant.ts';
import { type KeyWarning, type Probe, probeKey } from '../revocation/probe.ts';
import type { ControlPlaneKms } from '../ports/kms.ts';
import { hasProbeCiphertexts, probeCiphertextsOf } from '../revocation/probe-ciphertext.ts';
import { redrive, type RedrivePorts } from './redrive.ts';
import { probed } from '../revocation/transition.ts';
import { unpark, type UnparkPorts } from './unpark.ts';

export interface WatchPorts extends RedrivePorts, UnparkPorts {
  readonly tenants: Tenants;
  readonly parking: UnparkPorts['parking'];
  readonly kms: ControlPlaneKms;
  /** How long KMS may take to spread a change of a key. */
  readonly propagationSeconds: number;
  readonly report: (finding: Finding) => void;
}

/** What a person may want to know. */
export type Finding =
  | { readonly name: 'revoked' | 'activated'; readonly tenantId: TenantId; readonly signal: string }
  /** No verdict: KMS could not be asked, or what it answered says nothing about the key. */
  | { readonly name: 'unreachable'; readonly tenantId: TenantId; readonly error: unknown }
  /** A verdict, but one of KMS's answers said nothing about the key. */
  | { readonly name: 'unclear'; readonly tenantId: TenantId; readonly error: unknown }
  | { readonly name: 'warning'; readonly tenantId: TenantId; readonly warning: KeyWarning }
  | { readonly name: 'unparked'; readonly tenantId: TenantId; readonly jobs: number }
  | { readonly name: 'failed'; readonly tenantId?: TenantId; readonly error: unknown };

/** How many. */
export interface Summary {
  readonly tenants: number;
  readonly revoked: number;
  readonly activated: number;
  readonly unreachable: number;
  readonly warnings: number;
  /** Jobs. */
  readonly unparked: number;
  /** Uploads. */
  readonly redriven: number;
  /** Versions in the ingest bucket that are no tenant's upload. */
  readonly foreign: number;
  readonly failed: number;
}

type Counts = { -readonly [Count in keyof Summary]: Summary[Count] };

/** A tenant unparks for so long before the next one has its turn. */
const TURN_SECONDS = 10;
/** Keys that go later than this are not worth a warning yet: the longest a deletion waits. */
const WARNING_MS = 30 * 86_400_000;

/** @throws StorageUnavailableError when the tenants cannot be listed */
export async function watch(ports: WatchPorts, signal: AbortSignal): Promise<Summary> {
  const counts: Counts = {
    tenants: 0,
    revoked: 0,
    activated: 0,
    unreachable: 0,
    warnings: 0,
    unparked: 0,
    redriven: 0,
    foreign: 0,
    failed: 0,
  };
  await ofEveryTenant(ports, counts, signal, async (tenant) => {
    await probeTenant(tenant, ports, counts);
  });
  await redriveSome(ports, counts, signal);
  await unparkInTurn(ports, counts, signal);
  return counts;
}

async function probeTenant(tenant: Tenant, ports: WatchPorts, counts: Counts): Promise<void> {
  counts.tenants += 1;
  if (!rulesOf(tenant).isProbed) return;
  const { tenantId } = tenant;
  const startedAt = ports.now();
  const probe = await probeKey(tenant, ports.kms);
  for (const warning of probe.warnings.filter(({ at }) => isNear(at, startedAt))) {
    counts.warnings += 1;
    ports.report({ name: 'warning', tenantId, warning });
  }
  if ('unreachable' in probe) {
    counts.unreachable += 1;
    ports.report({ name: 'unreachable', tenantId, error: probe.unreachable });
  } else if (probe.unclear !== undefined) {
    ports.report({ name: 'unclear', tenantId, error: probe.unclear });
  }
  // A verdict on what the key was before somebody else changed the tenant says nothing.
  const change = await changeTenant(tenantId, ports.tenants, (now) =>
    now.epoch === tenant.epoch
      ? probed(now, probe, { now: startedAt, propagationSeconds: ports.propagationSeconds })
      : undefined,
  );
  if (change === undefined) return await keepProbeCiphertexts(tenant, probe, ports);
  const name = rulesOf(change.after).encrypts ? 'activated' : 'revoked';
  counts[name] += 1;
  ports.report({ name, tenantId, signal: change.after.signal.name });
}

/**
 * For a tenant of an earlier version whose key's region turns out not to know the first way of asking: from the next
 * watch on there is a second one.
 */
async function keepProbeCiphertexts(tenant: Tenant, probe: Probe, ports: WatchPorts): Promise<void> {
  if (!rulesOf(tenant).rotates || probe.unclear === undefined || hasProbeCiphertexts(tenant)) return;
  await ports.tenants.keepProbeCiphertexts(tenant, await probeCiphertextsOf(tenant, ports.kms));
}

async function redriveSome(ports: WatchPorts, counts: Counts, signal: AbortSignal): Promise<void> {
  try {
    const { redriven, foreign, failures } = await redrive(ports, signal);
    counts.redriven += redriven;
    counts.foreign += foreign;
    for (const error of failures) fail({ name: 'failed', error }, ports, counts);
  } catch (error) {
    fail({ name: 'failed', error }, ports, counts);
  }
}

/** Round after round, until a round finds nothing parked that may leave. */
async function unparkInTurn(ports: WatchPorts, counts: Counts, signal: AbortSignal): Promise<void> {
  const mostJobs = ports.unparkPerSecond * TURN_SECONDS;
  let before: number;
  do {
    before = counts.unparked;
    await ofEveryTenant(ports, counts, signal, async (tenant) => {
      if (!rulesOf(tenant).encrypts) return;
      const { tenantId } = tenant;
      const jobs = await unpark(tenantId, ports, signal, mostJobs);
      counts.unparked += jobs;
      if (jobs > 0) ports.report({ name: 'unparked', tenantId, jobs });
    });
  } while (counts.unparked > before && !signal.aborted);
}

async function ofEveryTenant(
  ports: WatchPorts,
  counts: Counts,
  signal: AbortSignal,
  work: (tenant: Tenant) => Promise<void>,
): Promise<void> {
  try {
    await forEveryTenant(ports.tenants, signal, work, ({ tenantId }, error) => {
      fail({ name: 'failed', tenantId, error }, ports, counts);
    });
  } catch (error) {
    if (!(error instanceof TenantInvalidError)) throw error;
    fail({ name: 'failed', error }, ports, counts);
  }
}

function fail(finding: Finding & { readonly name: 'failed' }, ports: WatchPorts, counts: Counts): void {
  counts.failed += 1;
  ports.report(finding);
}

function isNear(at: string, now: Date): boolean {
  return Date.parse(at) - now.getTime() <= WARNING_MS;
}
