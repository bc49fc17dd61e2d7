/**
 * Decides what a key signal makes of a tenant. Signals come late, twice and in any order, so each carries the time and
 * the key it speaks of, and one that is older than what is proven of that key says nothing any more. When two signals
 * have the same time, the one that revokes counts. Pending, suspended and offboarded tenants are never turned by a
 * signal. All functions are pure, and return undefined when the tenant stays as it is.
 */
import {
  against,
  atMs,
  isReason,
  isSameKey,
  type KeySignal,
  proven,
  provenUntilMs,
  reasonsIn,
  type TenantSignal,
  withReason,
} from '../tenant/key-signal.ts';
import { mayTurn, rulesOf, turned } from '../tenant/status.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import type { Verdict } from './probe.ts';
import { type Moment, settledAt, wholeSecondMs } from './settled.ts';
import { takenBack } from './taken-back.ts';

/** True when a disabling or questioning event is news of a tenant whose key is in use. */
export function mayRevoke(tenant: Tenant, keySignal: KeySignal): boolean {
  return mayTurn(tenant, 'revoke') && isNews(tenant, keySignal);
}

/**
 * Applies DisableKey and its like. The tenant is revoked at once, whatever a probe says, because KMS itself spreads the
 * change late.
 */
export function disabled(tenant: Tenant, keySignal: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'revoke')) return noted(tenant, keySignal);
  return isNews(tenant, keySignal) ? turned(tenant, 'revoke', against(tenant.signal, keySignal)) : undefined;
}

/**
 * Applies PutKeyPolicy and its like. Cached keys are dropped, and a probe has to tell what the event meant. The event
 * decides nothing, so the tenant's signal stays: a disabling event from before it must still count. An event heard
 * twice drops the keys twice.
 */
export function questioned(tenant: Tenant, keySignal: KeySignal): Tenant | undefined {
  return mayRevoke(tenant, keySignal) ? dropped(tenant) : noted(tenant, keySignal);
}

/** Drops every cached key of the tenant, for an event about a key that the tenant had before. */
export function dropped(tenant: Tenant): Tenant | undefined {
  return mayTurn(tenant, 'question') ? turned(tenant, 'question', tenant.signal) : undefined;
}

/**
 * Applies an enabling event to a revoked tenant. Precondition: a probe finds all of its keys usable. For
 * `propagationSeconds` after a change KMS may answer as if nothing had happened, so a reason that no event took back
 * stands for as long.
 */
export function reopened(
  tenant: Tenant,
  keySignal: KeySignal,
  { now, propagationSeconds }: Moment,
): Tenant | undefined {
  const keys = currentKekArns(tenant);
  const isOld = reasonsIn(tenant.signal).some(
    (reason) => isSameKey(reason, keySignal, keys) && atMs(reason) >= atMs(keySignal),
  );
  if (isOld) return undefined;
  return enabled(tenant, { name: keySignal.name, at: settledAt(now, propagationSeconds) });
}

/**
 * Makes a revoked tenant active. Precondition: a probe has found every key usable since `proof`, which is about all
 * keys.
 */
export function enabled(tenant: Tenant, proof: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'reactivate')) return undefined;
  if (reasonsIn(tenant.signal).some((reason) => atMs(reason) >= atMs(proof))) return undefined;
  return turned(tenant, 'reactivate', proven(tenant.signal, proof, currentKekArns(tenant)));
}

/**
 * Applies a refusal by KMS of work that was begun under `epoch`. When the epoch has moved on since, the refusal was
 * about another state of the key, and says nothing.
 */
export function refused(tenant: Tenant, epoch: number, keySignal: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'revoke') || tenant.epoch !== epoch) return undefined;
  return turned(tenant, 'revoke', against(tenant.signal, keySignal));
}

/**
 * Applies a probe that no event asked for. That the keys work proves nothing about the last `propagationSeconds`, the
 * time KMS takes to spread a change: a revoked tenant stays revoked for as long, and a disabling event of that time
 * still counts.
 */
export function probed(
  tenant: Tenant,
  verdict: Verdict,
  { now, propagationSeconds }: Moment,
): Tenant | undefined {
  if ('refused' in verdict) {
    const { code, kekArn } = verdict.refused;
    return refused(tenant, tenant.epoch, { name: code, at: now.toISOString(), kekArn });
  }
  return 'usable' in verdict
    ? enabled(tenant, { name: 'probe', at: settledAt(now, propagationSeconds) })
    : undefined;
}

/**
 * Returns the signal of a tenant that is about to get its keys, once it has heard what was remembered of them. It hears
 * as a revoked tenant does: everything is noted, and nothing turns it.
 */
export function heardBefore(tenant: Tenant, keySignals: readonly KeySignal[]): TenantSignal {
  const revoked: Tenant = { ...tenant, status: 'revoked' };
  return keySignals.reduce(
    (before, keySignal) =>
      (isReason(keySignal) ? noted(before, keySignal) : takenBack(before, keySignal)) ?? before,
    revoked,
  ).signal;
}

/**
 * Keeps a reason that is news, for a tenant whose key is not in use. So neither an earlier event nor we ourselves undo
 * the reason, and an event that undoes one reason does not undo the others.
 */
function noted(tenant: Tenant, keySignal: KeySignal): Tenant | undefined {
  const { key, encrypts } = rulesOf(tenant);
  const isStopped = key !== 'claimed' && !encrypts;
  if (!isStopped || !isNews(tenant, keySignal)) return undefined;
  const next = withReason(tenant.signal, keySignal);
  return next === undefined ? undefined : { ...tenant, signal: next };
}

/**
 * True when the signal is not older than what is proven of its key. CloudTrail tells whole seconds and our own signals
 * milliseconds, so two signals of one second are a tie.
 */
function isNews(tenant: Tenant, keySignal: KeySignal): boolean {
  return atMs(keySignal) >= wholeSecondMs(provenUntilMs(keySignal, tenant.signal, currentKekArns(tenant)));
}
