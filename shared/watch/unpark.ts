/**
 * Puts a tenant's parked jobs back on the queue, in order of arrival, and no faster than the functions behind the queue
 * can work. Memory does not grow with the number of jobs. A job is deleted only after the queue took it. So a crash in
 * between sends the job twice, which is harmless, because jobs are idempotent.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobQueue } from '../ports/queues.ts';
import type { Leases } from '../ports/leases.ts';
import type { ParkedJob, Parking } from '../ports/parking.ts';
import type { Tenants } from '../ports/tenants.ts';
import { rulesOf } from '../tenant/status.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface UnparkPorts {
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly parking: Pick<Parking, 'oldest' | 'remove'>;
  readonly jobs: JobQueue;
  readonly leases: Leases;
  /** The most jobs of one tenant that are sent in a second, at least 1. */
  readonly unparkPerSecond: number;
}

export interface UnparkUntil {
  readonly signal: AbortSignal;
  /** The most jobs that are sent. Default: no limit. */
  readonly mostJobs?: number;
}

/** The number of jobs that are in memory at once. */
const PAGE_JOBS = 100;
/** The life of the lease, which is renewed with every page. Nobody waits longer than this for a holder that died. */
const LEASE_SECONDS = 60;

/**
 * Unparks until nothing is parked, `mostJobs` are sent, the tenant's key may not be used, somebody else unparks for the
 * same tenant, or `signal` aborts. Returns the number of jobs sent.
 * @throws StorageUnavailableError; what is not sent stays parked
 */
export async function unpark(tenantId: TenantId, ports: UnparkPorts, until: UnparkUntil): Promise<number> {
  if ((await ports.parking.oldest(tenantId, 1)).length === 0) return 0;
  const turn = { tenantId, leaseName: `unpark#${tenantId}`, holder: randomUUID() };
  try {
    return await unparkPages(turn, ports, until);
  } finally {
    await ports.leases.release(turn.leaseName, turn.holder);
  }
}

interface Turn {
  readonly tenantId: TenantId;
  readonly leaseName: string;
  readonly holder: string;
}

async function unparkPages(
  { tenantId, leaseName, holder }: Turn,
  ports: UnparkPorts,
  { signal, mostJobs = Number.POSITIVE_INFINITY }: UnparkUntil,
): Promise<number> {
  const startedAtMs = performance.now();
  let sentJobs = 0;
  while (sentJobs < mostJobs && !signal.aborted) {
    // One holder unparks at a time, or the rate would be a multiple of what was configured.
    if (!(await ports.leases.hold(leaseName, holder, LEASE_SECONDS))) break;
    const tenant = await ports.tenants.tenant(tenantId);
    if (tenant === undefined || !rulesOf(tenant).encrypts) break;
    const pageJobs = Math.min(PAGE_JOBS, ports.unparkPerSecond, mostJobs - sentJobs);
    const page = await ports.parking.oldest(tenantId, pageJobs);
    if (page.length === 0) break;
    await sendBack(page, ports);
    sentJobs += page.length;
    await sleepUntil(startedAtMs + (sentJobs / ports.unparkPerSecond) * 1000, signal);
  }
  return sentJobs;
}

/** Sends batch after batch, not all at once, so the order of arrival is kept as far as a standard queue keeps any. */
async function sendBack(page: readonly ParkedJob[], { jobs, parking }: UnparkPorts): Promise<void> {
  const inOrder = page.map(({ job }) => job);
  await jobs.send(inOrder, 1);
  await parking.remove(page);
}

async function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
  const delayMs = atMs - performance.now();
  if (delayMs <= 0) return;
  // An abort ends the sleep, and the loop sees it.
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
