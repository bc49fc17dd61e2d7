/**
 * Finds out once a minute what no event has told us. It probes every tenant's key, revokes and re-activates, warns of
 * keys that are about to go, re-drives stuck uploads, and unparks. A probe is three requests to KMS, so a tenant costs
 * 4,320 requests a day, $0.013. Memory does not grow with the number of tenants, and the failure of one tenant stops no
 * other.
 */
import { TenantInvalidError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { rulesOf } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { forEveryTenant } from './every-tenant.ts';
import { type Counts, countingReport, type Summary } from './notice.ts';
import { type ProbePorts, probeTenant } from './probe-tenant.ts';
import { redrive, type RedrivePorts } from './redrive.ts';
import { unpark, type UnparkPorts } from './unpark.ts';

export interface WatchPorts extends RedrivePorts, UnparkPorts, ProbePorts {
  readonly tenants: Tenants;
  readonly parking: UnparkPorts['parking'];
}

/** One run of the watch, which reports and counts all that it finds. */
interface Run {
  readonly ports: WatchPorts;
  readonly counts: Counts;
  readonly signal: AbortSignal;
}

/** The time that one tenant unparks before the next one has its turn. */
const TURN_SECONDS = 10;

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
  const run = { ports: { ...ports, report: countingReport(counts, ports.report) }, counts, signal };
  await workForAll(run, async (tenant) => {
    counts.tenants += 1;
    await probeTenant(tenant, run.ports);
  });
  await redriveSome(run);
  await unparkInTurn(run);
  return counts;
}

async function redriveSome({ ports, counts, signal }: Run): Promise<void> {
  try {
    const { redriven, foreign, failures } = await redrive(ports, signal);
    counts.redriven += redriven;
    counts.foreign += foreign;
    for (const error of failures) ports.report({ name: 'failed', error });
  } catch (error) {
    ports.report({ name: 'failed', error });
  }
}

/** Goes from tenant to tenant, round after round, until a round finds nothing parked that may leave. */
async function unparkInTurn(run: Run): Promise<void> {
  const { ports, counts, signal } = run;
  const mostJobs = ports.unparkPerSecond * TURN_SECONDS;
  let before: number;
  do {
    before = counts.unparked;
    await workForAll(run, async (tenant) => {
      if (!rulesOf(tenant).encrypts) return;
      const { tenantId } = tenant;
      const jobs = await unpark(tenantId, ports, { signal, mostJobs });
      if (jobs > 0) ports.report({ name: 'unparked', tenantId, jobs });
    });
  } while (counts.unparked > before && !signal.aborted);
}

/** @throws StorageUnavailableError when the tenants cannot be listed */
async function workForAll({ ports, signal }: Run, work: (tenant: Tenant) => Promise<void>): Promise<void> {
  const failed = ({ tenantId }: Tenant, error: unknown): void =>
    ports.report({ name: 'failed', tenantId, error });
  try {
    await forEveryTenant(ports.tenants, { work, failed }, signal);
  } catch (error) {
    if (!(error instanceof TenantInvalidError)) throw error;
    ports.report({ name: 'failed', error });
  }
}
