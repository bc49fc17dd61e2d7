/**
 * Reads a tenant's record again and again while work of the tenant is in flight in this sandbox. One poll serves all of
 * its work. When the epoch has moved on, the keys of the old epoch are dropped and the work that uses them is aborted.
 * Without work in flight there is no timer, because a sandbox may be frozen at any time.
 */
import type { MaterialsCache } from '../envelope/cache/materials-cache.ts';
import { EpochChangedError, errorOf, TenantInvalidError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { requireWorking } from '../tenant/admission.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface EpochPollPorts {
  /** Reads are strongly consistent. */
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly cache: Pick<MaterialsCache, 'observe'>;
}

/** One piece of work in flight. Its owner disposes of it when the work is done. */
export interface Flight extends Disposable {
  /** Aborts with an error: it says what the work has to wait for, or that the work must be done again. */
  readonly signal: AbortSignal;
}

/**
 * The time between two reads. Work is aborted within a second of the event's delivery. So half a second is left for
 * `revoke`, which may run in a sandbox that has yet to start, and for one read.
 */
const POLL_MS = 400;
/** The next read is sent after this time when a read fails or has not answered. The old read may still be under way. */
const IMPATIENT_MS = 150;
/** A read that takes longer is given up, so only a few hang at once. */
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
  /** Each piece of work with the epoch it was begun under. */
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

/** Plans the next read before this one has an answer: a read that hangs must not blind the poll. */
async function readOn(poll: Poll, ports: EpochPollPorts): Promise<void> {
  const impatient = nextRead(poll, ports, IMPATIENT_MS);
  poll.timer = impatient;
  const isRead = await readInTime(poll, ports);
  // An answer that came after that of a later read is old. It does not delay the next read.
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
 * Reads the record once. Returns false when it could not be read. That aborts nothing, however long it lasts: an outage
 * is not a revocation, and no cached key is used beyond its `maxKeyAgeSeconds`. An invalid record is no outage: nothing
 * says that the key may still be used, so the work ends until somebody puts the record right.
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
    // Invariant: epochs only grow. A lower epoch was read before the work began.
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
