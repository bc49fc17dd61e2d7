/**
 * What a signal makes of a tenant. Signals come late, twice and in any order, so each carries the time and the key it
 * speaks of, and one older than what is proven of that key says nothing any more. A tie revokes. Every change of what
 * may be done with the keys counts the epoch up, which drops every cached key of the tenant. A tenant on its way out
 * whose key is taken away is out: what is not sealed by then stays parked. Pending, suspended and offboarded tenants
 * are never turned by a signal. All of it is pure; `undefined` means unchanged.
 */
import {
  against,
  atMs,
  isSameKey,
  type KeySignal,
  proven,
  provenUntilMs,
  reasonsIn,
  withProof,
  withReason,
} from '../tenant/key-signal.ts';
import { mayTurn, rulesOf, turned } from '../tenant/status.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import type { Verdict } from './probe.ts';

/** Whether a disabling event, or one that puts the key in question, is news of a tenant whose key is in use. */
export function mayRevoke(tenant: Tenant, signal: KeySignal): boolean {
  return mayTurn(tenant, 'revoke') && isNews(tenant, signal);
}

/** DisableKey and its like: revoked at once, whatever a probe says, because KMS itself hears of it late. */
export function disabled(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'revoke')) return noted(tenant, signal);
  return isNews(tenant, signal) ? turned(tenant, 'revoke', against(tenant.signal, signal)) : undefined;
}

/**
 * PutKeyPolicy and its like: cached keys are dropped, and a probe has to tell what it meant. It decides nothing, so it
 * is no signal: a disabling event from before it must still count. Heard twice, the keys are dropped twice.
 */
export function questioned(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  return mayRevoke(tenant, signal) ? turned(tenant, 'question', tenant.signal) : noted(tenant, signal);
}

/** A key that the tenant had before is in question: what was cached of it is dropped, and nothing else changes. */
export function dropped(tenant: Tenant): Tenant | undefined {
  return mayTurn(tenant, 'question') ? turned(tenant, 'question', tenant.signal) : undefined;
}

/**
 * An enabling event takes back those reasons against its own key that it is the very opposite of, and no others: a
 * new grant, or a deletion cancelled, says nothing about a key that was disabled just before. The tenant is not active
 * for that: every key has to be proven first.
 */
export function takenBack(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'reactivate')) return undefined;
  const keys = currentKekArns(tenant);
  const reasons = reasonsIn(tenant.signal);
  const undone = reasons.filter((reason) => isOpposite(signal, reason) && isSameKey(reason, signal, keys));
  const proof = proofBy(signal, undone);
  if (proof === undefined) return undefined;
  if (undone.length === 0 && atMs(proof) <= provenUntilMs(proof, tenant.signal, keys)) return undefined;
  const standing = reasons.filter((reason) => !undone.includes(reason));
  return { ...tenant, signal: withProof(tenant.signal, proof, standing, keys) };
}

/**
 * What an enabling event makes of a revoked tenant once a probe finds all of its keys usable. For `propagationSeconds`
 * after a change KMS may answer as if nothing had happened, so a reason that no event took back stands for as long.
 */
export function reopened(
  tenant: Tenant,
  signal: KeySignal,
  now: Date,
  propagationSeconds: number,
): Tenant | undefined {
  const keys = currentKekArns(tenant);
  const isOld = reasonsIn(tenant.signal).some(
    (reason) => isSameKey(reason, signal, keys) && atMs(reason) >= atMs(signal),
  );
  return isOld ? undefined : enabled(tenant, { name: signal.name, at: settledAt(now, propagationSeconds) });
}

/** Precondition: a probe has found every key usable since `proof`, which is about all of them. */
export function enabled(tenant: Tenant, proof: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'reactivate')) return undefined;
  if (reasonsIn(tenant.signal).some((reason) => atMs(reason) >= atMs(proof))) return undefined;
  return turned(tenant, 'reactivate', proven(tenant.signal, proof, currentKekArns(tenant)));
}

/** KMS refused work that was begun under `epoch`. If the epoch has moved on, that was another state of the key. */
export function refused(tenant: Tenant, epoch: number, signal: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'revoke') || tenant.epoch !== epoch) return undefined;
  return turned(tenant, 'revoke', against(tenant.signal, signal));
}

/**
 * A probe that no event asked for. That the keys work proves nothing about the last `propagationSeconds`, the time KMS
 * takes to spread a change: a revoked tenant stays so for as long, and a disabling event of that time still counts.
 */
export function probed(
  tenant: Tenant,
  verdict: Verdict,
  now: Date,
  propagationSeconds: number,
): Tenant | undefined {
  if ('refused' in verdict) {
    const { code, kekArn } = verdict.refused;
    return refused(tenant, tenant.epoch, { name: code, at: now.toISOString(), kekArn });
  }
  return 'usable' in verdict
    ? enabled(tenant, { name: 'probe', at: settledAt(now, propagationSeconds) })
    : undefined;
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

/** Whether an event of that name takes anything back. */
export function takesBack(name: string): boolean {
  return OPPOSITES.has(name);
}

function isOpposite(signal: KeySignal, reason: KeySignal): boolean {
  return OPPOSITES.get(signal.name)?.has(reason.name) === true && atMs(reason) < atMs(signal);
}

/** What an enabling event proves of its key by itself, whoever hears of it when. */
function proofBy(signal: KeySignal, undone: readonly KeySignal[]): KeySignal | undefined {
  // KMS enables no key that lacks its material. Material comes back to a key that may have been disabled meanwhile.
  if (signal.name === 'EnableKey') return signal;
  if (undone.length === 0) return undefined;
  const newestMs = Math.max(...undone.map(atMs));
  return { ...signal, at: new Date(wholeSecondMs(newestMs) + 1000).toISOString() };
}

/**
 * Whoever is stopped keeps every reason that is news, so that neither an event from before it nor we ourselves undo it,
 * and nothing undoes one of them and is taken for the end of all.
 */
function noted(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  const { key, encrypts } = rulesOf(tenant);
  const isStopped = key !== 'claimed' && !encrypts;
  if (!isStopped || !isNews(tenant, signal)) return undefined;
  const next = withReason(tenant.signal, signal);
  return next === undefined ? undefined : { ...tenant, signal: next };
}

/** CloudTrail tells whole seconds, our own signals milliseconds: what happened in one second is a tie. */
function isNews(tenant: Tenant, signal: KeySignal): boolean {
  return atMs(signal) >= wholeSecondMs(provenUntilMs(signal, tenant.signal, currentKekArns(tenant)));
}

function wholeSecondMs(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** KMS answers of the state the key was in by then. */
export function settledAt(now: Date, propagationSeconds: number): string {
  return new Date(wholeSecondMs(now.getTime() - propagationSeconds * 1000)).toISOString();
}
