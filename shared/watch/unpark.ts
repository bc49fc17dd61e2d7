/**
 * Puts a tenant's parked jobs back on the queue, in order of arrival, no faster than is good for what lies behind
 * the queue. Memory is flat in the number of jobs. A job is deleted only after the queue took it, so a crash in
 * between sends it twice, which is harmless: jobs are idempotent.
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
  /** Jobs of one tenant a second, at least 1. */
  readonly unparkPerSecond: number;
}

/** As many jobs are in memory at once. */
const PAGE_JOBS = 100;
/** SQS takes ten messages a request. */
const BATCH_JOBS = 10;
/** Renewed with every page; whoever died holding it is waited for no longer. */
const LEASE_SECONDS = 60;

/**
 * Unparks until nothing is parked, `mostJobs` are sent, the tenant's key may not be used, somebody else is at it, or
 * `signal` aborts. Returns the number of jobs sent.
 * @throws StorageUnavailableError; what is not sent stays parked
 */
export async function unpark(
  tenantId: TenantId,
  ports: UnparkPorts,
  signal: AbortSignal,
  mostJobs: number = Number.POSITIVE_INFINITY,
): Promise<number> {
  if ((await ports.parking.oldest(tenantId, 1)).length === 0) return 0;
  const lease = { name: `unpark#${tenantId}`, holder: randomUUID() };
  try {
    return await unparkPages(tenantId, lease, ports, signal, mostJobs);
  } finally {
    await ports.leases.release(lease.name, lease.holder);
  }
}

async function unparkPages(
  tenantId: TenantId,
  lease: { readonly name: string; readonly holder: string },
  ports: UnparkPorts,
  signal: AbortSignal,
  mostJobs: number,
): Promise<number> {
  const startedAtMs = performance.now();
  let sentJobs = 0;
  while (sentJobs < mostJobs && !signal.aborted) {
    // One at a time, or the rate would be a multiple of what was configured.
    if (!(await ports.leases.hold(lease.name, lease.holder, LEASE_SECONDS))) break;
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

/** Batch after batch, not all at once: the order of arrival is kept as far as a standard queue keeps any. */
async function sendBack(page: readonly ParkedJob[], { jobs, parking }: UnparkPorts): Promise<void> {
  for (let start = 0; start < page.length; start += BATCH_JOBS) {
    await jobs.send(page.slice(start, start + BATCH_JOBS).map(({ job }) => job));
  }
  await parking.remove(page);
}

async function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
  const delayMs = atMs - performance.now();
  if (delayMs <= 0) return;
  // Woken by the deadline: the loop sees it.
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
