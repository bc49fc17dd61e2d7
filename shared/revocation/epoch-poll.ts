/**
 * While work of a tenant is in flight in this sandbox, its record is read again and again: one poll for all of its
 * work. When its epoch has moved on, the keys of the old one are dropped and the work that uses them is aborted.
 * Nothing in flight, no timer: a sandbox may be frozen at any time.
 */
import type { MaterialsCache } from '../envelope/cache/materials-cache.ts';
import { EpochChangedError, errorOf, TenantInvalidError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { requireWorking } from '../tenant/admission.ts';
import type { Tenant } from '../tenant/tenant.ts';
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

/**
 * Work is aborted within a second of the event's delivery, which leaves half a second for `revoke` to turn the tenant,
 * maybe in a sandbox that has yet to start, and for one read.
 */
const POLL_MS = 400;
/** A read that fails, or has not answered by then, is not waited for: the next one is sent, beside it if need be. */
const IMPATIENT_MS = 150;
/** A read that takes longer is given up, so that no more than a few hang at once. */
const GIVE_UP_MS = 1_500;

export function epochPoll(ports: EpochPollPorts): (tenant: Tenant) => Flight {
  const polls = new Map<TenantId, Poll>();
  return ({ tenantId, epoch }) => {
    const poll = polls.get(tenantId) ?? newPoll(tenantId);
    const controller = new AbortController();
    poll.flights.set(controller, epoch);
    polls.set(tenantId, poll);
    poll.timer ??= nextRead(poll, ports, POLL_MS);
    return {
      signal: controller.signal,
      [Symbol.dispose]() {
        poll.flights.delete(controller);
        if (poll.flights.size > 0) return;
        clearTimeout(poll.timer);
        poll.landed.abort();
        polls.delete(tenantId);
      },
    };
  };
}

interface Poll {
  readonly tenantId: TenantId;
  /** With the epoch each was begun under. */
  readonly flights: Map<AbortController, number>;
  /** Aborts the reads under way once nothing is in flight. */
  readonly landed: AbortController;
  timer?: NodeJS.Timeout;
}

function newPoll(tenantId: TenantId): Poll {
  return { tenantId, flights: new Map(), landed: new AbortController() };
}

function nextRead(poll: Poll, ports: EpochPollPorts, afterMs: number): NodeJS.Timeout {
  return setTimeout(() => void readOn(poll, ports), afterMs).unref();
}

/** Whatever becomes of this read, the next one is due already: one that hangs must not blind the poll. */
async function readOn(poll: Poll, ports: EpochPollPorts): Promise<void> {
  const impatient = nextRead(poll, ports, IMPATIENT_MS);
  poll.timer = impatient;
  const isRead = await readInTime(poll, ports);
  // An answer that was overtaken is old: it puts off nothing.
  if (!isRead || poll.timer !== impatient || poll.flights.size === 0) return;
  clearTimeout(impatient);
  poll.timer = nextRead(poll, ports, POLL_MS);
}

async function readInTime(poll: Poll, ports: EpochPollPorts): Promise<boolean> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), GIVE_UP_MS).unref();
  try {
    return await read(poll, ports, AbortSignal.any([late.signal, poll.landed.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * False when the record could not be read. That aborts nothing, however long it lasts: an outage is not a revocation,
 * and no cached key is used beyond its `maxKeyAgeSeconds`. A record that was read and is none is no outage: whether the
 * key may still be used is written nowhere, so the work ends until it is put right.
 */
async function read(
  { tenantId, flights }: Poll,
  { tenants, cache }: EpochPollPorts,
  signal: AbortSignal,
): Promise<boolean> {
  const tenant = await tenants.tenant(tenantId, signal).catch(errorOf);
  if (tenant instanceof TenantInvalidError) for (const controller of flights.keys()) controller.abort(tenant);
  if (tenant instanceof Error) return tenant instanceof TenantInvalidError;
  if (tenant !== undefined) cache.observe(tenant);
  for (const [controller, epoch] of flights) {
    // Invariant: epochs only grow. One that is lower was read before the work began.
    if (tenant === undefined || tenant.epoch > epoch) controller.abort(reasonOf(tenant, tenantId));
  }
  return true;
}

function reasonOf(tenant: Tenant | undefined, tenantId: TenantId): Error {
  try {
    const { epoch } = requireWorking(tenant, tenantId, 'encrypts');
    return new EpochChangedError(
      `tenant ${tenantId} is in epoch ${epoch} now; the work is done again with new keys`,
    );
  } catch (inactive) {
    return errorOf(inactive);
  }
}
