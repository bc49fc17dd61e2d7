/**
 * What a signal makes of a tenant. Signals come late, twice and in any order, so each carries the time it speaks of,
 * and one older than what last decided says nothing any more. A tie revokes. Every change of what may be done with
 * the key counts the epoch up, which drops every cached key of the tenant. Pending and offboarded tenants are left
 * alone. All of it is pure; `undefined` means unchanged.
 */
import type { KeySignal, Tenant } from '../tenant/tenant.ts';
import type { Verdict } from './probe.ts';

/** Whether a disabling event, or one that puts the key in question, is news of an active tenant. */
export function mayRevoke(tenant: Tenant, signal: KeySignal): boolean {
  return tenant.status === 'active' && atMs(signal) >= atMs(tenant.signal);
}

/** Whether an enabling event is news of a revoked tenant. Only then is the key probed for its sake. */
export function mayActivate(tenant: Tenant, signal: KeySignal): boolean {
  return tenant.status === 'revoked' && atMs(signal) > atMs(tenant.signal);
}

/** DisableKey and its like: revoked at once, whatever a probe says, because KMS itself hears of it late. */
export function disabled(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  if (mayRevoke(tenant, signal)) return changed(tenant, 'revoked', signal);
  // Noted, so that an enabling event from between the two does not undo the later one.
  return tenant.status === 'revoked' && atMs(signal) > atMs(tenant.signal)
    ? { ...tenant, signal }
    : undefined;
}

/** PutKeyPolicy and its like: cached keys are dropped, once per event; a probe has to tell what it meant. */
export function questioned(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  const isHeard = tenant.signal.name === signal.name && atMs(tenant.signal) === atMs(signal);
  return mayRevoke(tenant, signal) && !isHeard ? changed(tenant, 'active', signal) : undefined;
}

/** Precondition: a probe has found the key usable since the signal. */
export function enabled(tenant: Tenant, signal: KeySignal): Tenant | undefined {
  return mayActivate(tenant, signal) ? changed(tenant, 'active', signal) : undefined;
}

/** KMS refused work that was begun under `epoch`. If the epoch has moved on, that was another state of the key. */
export function refused(tenant: Tenant, epoch: number, signal: KeySignal): Tenant | undefined {
  return tenant.status === 'active' && tenant.epoch === epoch
    ? changed(tenant, 'revoked', signal)
    : undefined;
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
  const provenMs = now.getTime() - propagationSeconds * 1000;
  return 'usable' in verdict
    ? enabled(tenant, { name: 'probe', at: new Date(provenMs).toISOString() })
    : undefined;
}

function changed(tenant: Tenant, status: 'active' | 'revoked', signal: KeySignal): Tenant {
  return { ...tenant, status, epoch: tenant.epoch + 1, signal };
}

function atMs({ at }: KeySignal): number {
  return Date.parse(at);
}
