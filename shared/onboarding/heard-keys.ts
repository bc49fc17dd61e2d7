/**
 * What was heard of keys that are about to be a tenant's. While they are proven, and for a while after they were
 * disabled, KMS may answer as if nothing had happened; and before they are registered, their events find no tenant.
 * So `revoke` remembers every event that takes a key away before it looks for who holds the key, and whoever registers
 * one looks there twice: before, and once it is registered. An event is either remembered by then, or finds the tenant.
 */
import type { Hearings, Tenants } from '../ports/tenants.ts';
import { changeTenant } from '../revocation/change.ts';
import { disabled, settledAt, takenBack } from '../revocation/transition.ts';
import {
  atMs,
  isReason,
  type KeySignal,
  proven,
  reasonsIn,
  type TenantSignal,
} from '../tenant/key-signal.ts';
import { currentKekArns, type Tenant, type TenantStatus } from '../tenant/tenant.ts';
import { failed, type Finding } from './finding.ts';

export interface HeardPorts {
  readonly hearings: Pick<Hearings, 'signals'>;
  readonly now: () => Date;
  /** How long KMS may take to spread a change of a key. */
  readonly propagationSeconds: number;
}

export interface Heard {
  readonly findings: readonly Finding[];
  /** Of the tenant with those keys, if nothing stands against them. */
  readonly signal: TenantSignal;
}

/**
 * `candidate.signal`: what is known of the keys that it has already. `askedAt`: when KMS was first asked about the keys;
 * its answers prove what they were some time before that.
 * @throws StorageUnavailableError
 */
export async function checkHeard(candidate: Tenant, askedAt: Date, ports: HeardPorts): Promise<Heard> {
  const keys = currentKekArns(candidate);
  const answered = { name: 'registered', at: settledAt(askedAt, ports.propagationSeconds) };
  const known = proven(candidate.signal, answered, keys);
  const heard = await signalsOf(keys, ports);
  const { signal } = heard.reduce(hear, { ...candidate, status: 'revoked', signal: known });
  const { name, at, kekArn } = candidate.signal;
  return {
    findings: reasonsIn(signal).map((reason) => tooYoung(reason, ports)),
    signal: { ...signal, name, at, kekArn, notes: undefined },
  };
}

/**
 * For a tenant that has just been registered with its keys: what was heard of them since the last look takes them away.
 * @throws StorageUnavailableError
 */
export async function heedHeard(
  tenant: Tenant,
  ports: HeardPorts & { readonly tenants: Pick<Tenants, 'tenant' | 'replace'> },
): Promise<TenantStatus> {
  const reasons = (await signalsOf(currentKekArns(tenant), ports)).filter(isReason);
  const change = await changeTenant(tenant.tenantId, ports.tenants, (current) => {
    const after = reasons.reduce((before, reason) => disabled(before, reason) ?? before, current);
    return after === current ? undefined : after;
  });
  return change?.after.status ?? tenant.status;
}

/** Reasons first: what takes them back may have been heard before them. */
async function signalsOf(keys: readonly string[], { hearings }: HeardPorts): Promise<readonly KeySignal[]> {
  const heard = (await Promise.all(keys.map(async (kekArn) => await hearings.signals(kekArn)))).flat();
  return [...heard.filter(isReason), ...heard.filter((signal) => !isReason(signal))];
}

/** As of a tenant that is revoked already: everything is noted, nothing turns it. */
function hear(tenant: Tenant, signal: KeySignal): Tenant {
  return (isReason(signal) ? disabled(tenant, signal) : takenBack(tenant, signal)) ?? tenant;
}

function tooYoung(reason: KeySignal, { now, propagationSeconds }: HeardPorts): Finding {
  const { name, at, kekArn = 'the key' } = reason;
  const waitSeconds = Math.max(
    1,
    Math.ceil((atMs(reason) - now().getTime()) / 1000) + propagationSeconds + 1,
  );
  return failed(
    'key-state',
    `${name} of ${kekArn} was heard of at ${at}: for ${propagationSeconds} s KMS may answer as if nothing had happened`,
    `make the key Enabled (aws kms enable-key), and ask again; at the latest in ${waitSeconds} s its own state decides`,
  );
}
