/**
 * While work of a tenant is in flight in this sandbox, its record is read again and again: one poll for all of its
 * work. When its epoch has moved on, the keys of the old one are dropped and the work that uses them is aborted.
 * Nothing in flight, no timer: a sandbox may be frozen at any time.
 */
import type { MaterialsCache } from '../envelope/materials-cache.ts';
import { EpochChangedError, errorOf } from '../errors.ts';
import type { Tenants } from '../ports.ts';
import { requireEncrypting, type Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface EpochPollPorts {
  /** Strongly consistent. */
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly cache: Pick<MaterialsCache, 'observe'>;
}

/** One piece of work in flight. Dispose of it when the work is done. */
export interface Flight extends Disposable {
  /** Aborts with the error that says what the work has to wait for, or that it must be done again. */
  readonly signal: AbortSignal;
}

/** With a read of up to 200 ms, work is aborted within a second of the change. */
const POLL_MS = 750;

export function epochPoll(ports: EpochPollPorts): (tenant: Tenant) => Flight {
  const polls = new Map<TenantId, Poll>();
  return ({ tenantId, epoch }) => {
    const poll: Poll = polls.get(tenantId) ?? { tenantId, flights: new Map() };
    const controller = new AbortController();
    poll.flights.set(controller, epoch);
    polls.set(tenantId, poll);
    poll.timer ??= nextRead(poll, ports);
    return {
      signal: controller.signal,
      [Symbol.dispose]() {
        poll.flights.delete(controller);
        if (poll.flights.size > 0) return;
        clearTimeout(poll.timer);
        polls.delete(tenantId);
      },
    };
  };
}

interface Poll {
  readonly tenantId: TenantId;
  /** With the epoch each was begun under. */
  readonly flights: Map<AbortController, number>;
  timer?: NodeJS.Timeout;
}

function nextRead(poll: Poll, ports: EpochPollPorts): NodeJS.Timeout {
  return setTimeout(() => void readOn(poll, ports), POLL_MS).unref();
}

async function readOn(poll: Poll, ports: EpochPollPorts): Promise<void> {
  await read(poll, ports);
  if (poll.flights.size > 0) poll.timer = nextRead(poll, ports);
}

/** A read that fails aborts nothing: an outage is not a revocation, and a cached key has its age limit. */
async function read({ tenantId, flights }: Poll, { tenants, cache }: EpochPollPorts): Promise<void> {
  const tenant = await tenants.tenant(tenantId).catch(() => 'unread' as const);
  if (tenant === 'unread') return;
  if (tenant !== undefined) cache.observe(tenant);
  for (const [controller, epoch] of flights) {
    // Invariant: epochs only grow. One that is lower was read before the work began.
    if (tenant === undefined || tenant.epoch > epoch) controller.abort(reasonOf(tenant, tenantId));
  }
}

function reasonOf(tenant: Tenant | undefined, tenantId: TenantId): Error {
  try {
    const { epoch } = requireEncrypting(tenant, tenantId);
    return new EpochChangedError(
      `tenant ${tenantId} is in epoch ${epoch} now; the work is done again with new keys`,
    );
  } catch (inactive) {
    return errorOf(inactive);
  }
}
