/**
 * What a signal makes of a tenant. Signals come late, twice and in any order, so each carries the time it speaks of,
 * and one older than what last decided says nothing any more. A tie revokes. Every change of what may be done with
 * the key counts the epoch up, which drops every cached key of the tenant. A tenant on its way out whose key is taken
 * away is out: what is not sealed by then stays parked. Pending, suspended and offboarded tenants are never turned by
 * a signal. All of it is pure; `undefined` means unchanged.
 */
import { type KeySignal, type Tenant, type TenantStatus, turned } from '../tenant/tenant.ts';
import type { Verdict } from './probe.ts';

/** Whether a disabling event, or one that puts the key in question, is news of a tenant whose key is in use. */
export function mayRevoke(tenant: Tenant, signal: KeySignal): boolean {
  return withoutKey(tenant) !== undefined && atMs(signal) >= wholeSecondMs(atMs(tenant.signal));
}

/**
 * What an enabling event proves of a revoked tenant once a probe finds the key usable; undefined: nothing, as yet.
 * For `propagationSeconds` after a change KMS may answer as if nothing had happened, so until then only the very
 * opposite of what revoked the tenant counts: a new grant, or a deletion cancelled, says nothing about a key that
 * was disabled just before.
 */
export function provenBy(
  tenant: Tenant,
  signal: KeySignal,
  now: Date,
  propagationSeconds: number,
): KeySignal | undefined {
  if (!isNewToRevoked(tenant, signal)) return undefined;
  const { name } = signal;
  const settled = { name, at: settledAt(now, propagationSeconds) };
  if (!OPPOSITES.get(name)?.has(tenant.signal.name))
    return isNewToRevoked(tenant, settled) ? settled : undefined;
  // KMS enables no key that lacks its material. Material comes back to a key that may have been disabled meanwhile.
  return name === 'EnableKey' ? signal : { name, at: nextSecondOf(tenant.signal) };
}

/** DisableKey and its like: revoked at once, whatever a probe says, because KMS itself hears of it late. */
export function disabled(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  const status = withoutKey(tenant);
  if (status === undefined) return noted(tenant, signal);
  return mayRevoke(tenant, signal) ? turned(tenant, status, signal) : undefined;
}

/**
 * PutKeyPolicy and its like: cached keys are dropped, and a probe has to tell what it meant. It decides nothing, so it
 * is no signal: a disabling event from before it must still count. Heard twice, the keys are dropped twice.
 */
export function questioned(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  return mayRevoke(tenant, signal) ? turned(tenant, tenant.status, tenant.signal) : noted(tenant, signal);
}

/** A key that the tenant had before is in question: what was cached of it is dropped, and nothing else changes. */
export function dropped(tenant: Tenant): Tenant | undefined {
  return withoutKey(tenant) === undefined ? undefined : { ...tenant, epoch: tenant.epoch + 1 };
}

/** Precondition: a probe has found the key usable since the signal. */
export function enabled(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  return isNewToRevoked(tenant, signal) ? turned(tenant, 'active', signal) : undefined;
}

/** KMS refused work that was begun under `epoch`. If the epoch has moved on, that was another state of the key. */
export function refused(tenant: Tenant, epoch: number, signal: KeySignal): Tenant | undefined {
  const status = withoutKey(tenant);
  return status !== undefined && tenant.epoch === epoch ? turned(tenant, status, signal) : undefined;
}

/**
 * A probe that no event asked for. That a key works proves nothing about the last `propagationSeconds`, the time KMS
 * takes to spread a change: a revoked tenant stays so for as long, and a disabling event of that time still counts.
 */
export function probed(
  tenant: Tenant,
  verdict: Verdict,
  now: Date,
  propagationSeconds: number,
): Tenant | undefined {
  if ('refused' in verdict)
    return refused(tenant, tenant.epoch, { name: verdict.refused.code, at: now.toISOString() });
  return 'usable' in verdict
    ? enabled(tenant, { name: 'probe', at: settledAt(now, propagationSeconds) })
    : undefined;
}

/** What a tenant whose key is in use becomes when it is taken away. */
function withoutKey({ status }: Tenant): TenantStatus | undefined {
  if (status === 'active') return 'revoked';
  return status === 'offboarding' ? 'offboarded' : undefined;
}

/** What each event takes back. */
const OPPOSITES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  // A key whose deletion was cancelled is disabled, and then enabled like any other.
  ['EnableKey', new Set(['DisableKey', 'ScheduleKeyDeletion', 'ERR_TENANT_KEY_UNUSABLE'])],
  [
    'ImportKeyMaterial',
    new Set([
      'DeleteImportedKeyMaterial',
      'DeleteExpiredKeyMaterial',
      'KMS Imported Key Material Expiration',
      'ERR_TENANT_KEY_UNUSABLE',
    ]),
  ],
]);

/**
 * Whoever is stopped keeps the newest reason, so that neither an event from before it nor we ourselves undo it. One
 * who is revoked keeps the older ones too, so that nothing undoes one of them and is taken for the end of all.
 */
function noted(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  const isStopped = tenant.status !== 'pending' && withoutKey(tenant) === undefined;
  if (!isStopped || atMs(signal) <= atMs(tenant.signal)) return undefined;
  const isKept = tenant.status === 'revoked' && !tenant.signal.name.includes(signal.name);
  const name = isKept ? `${tenant.signal.name} and ${signal.name}` : signal.name;
  return { ...tenant, signal: { name, at: signal.at } };
}

function isNewToRevoked(tenant: Tenant, signal: KeySignal): boolean {
  return tenant.status === 'revoked' && atMs(signal) > atMs(tenant.signal);
}

/** CloudTrail tells whole seconds, our own signals milliseconds: what happened in one second is a tie. */
function wholeSecondMs(ms: number): number {
  return ms - (ms % 1000);
}

function nextSecondOf(signal: KeySignal): string {
  return new Date(wholeSecondMs(atMs(signal)) + 1000).toISOString();
}

/** KMS answers of the state the key was in by then. */
export function settledAt(now: Date, propagationSeconds: number): string {
  return new Date(wholeSecondMs(now.getTime() - propagationSeconds * 1000)).toISOString();
}

function atMs({ at }: KeySignal): number {
  return Date.parse(at);
}
