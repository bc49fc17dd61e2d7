/**
 * The events of keys that a tenant is about to get. A disabled key may answer as before for a while, so the checks of
 * KMS may pass; and as long as the key is not registered, its events find no tenant. So `revoke` remembers every event
 * that takes a key away before it looks for the tenants that hold the key. The code that registers a key looks at the
 * remembered events twice: before the registration and after it. Each event is either remembered by then or finds the
 * tenant.
 */
import type { Hearings, Tenants } from '../ports/tenants.ts';
import { changeTenant } from '../revocation/change.ts';
import { settledAt } from '../revocation/settled.ts';
import { disabled, heardBefore } from '../revocation/transition.ts';
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
  /** The longest time that KMS may take until a change of a key has effect everywhere. */
  readonly propagationSeconds: number;
}

export interface Heard {
  readonly findings: readonly Finding[];
  /** The signal that the tenant has with those keys, if nothing stands against them. */
  readonly signal: TenantSignal;
}

/**
 * Checks that no event stands against the keys. `candidate.signal` holds what is known of the keys that the tenant has
 * already. `askedAt` is the time of the first question to KMS: its answers prove the state that the keys had
 * `propagationSeconds` before.
 * @throws StorageUnavailableError
 */
export async function checkHeard(candidate: Tenant, askedAt: Date, ports: HeardPorts): Promise<Heard> {
  const keys = currentKekArns(candidate);
  const answered = { name: 'registered', at: settledAt(askedAt, ports.propagationSeconds) };
  const known = proven(candidate.signal, answered, keys);
  const heard = await signalsOf(keys, ports);
  const keySignal = heardBefore({ ...candidate, signal: known }, heard);
  const { name, at, kekArn } = candidate.signal;
  return {
    findings: reasonsIn(keySignal).map((reason) => recentReason(reason, ports)),
    signal: { ...keySignal, name, at, kekArn, notes: undefined },
  };
}

/**
 * Applies the events that were heard since `checkHeard` to a tenant that has just been registered with its keys.
 * Returns the tenant's status.
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

/** Returns the reasons first: the signal that takes a reason back may have been heard before it. */
async function signalsOf(keys: readonly string[], { hearings }: HeardPorts): Promise<readonly KeySignal[]> {
  const heard = (await Promise.all(keys.map(async (kekArn) => await hearings.signals(kekArn)))).flat();
  return [...heard.filter(isReason), ...heard.filter((keySignal) => !isReason(keySignal))];
}

function recentReason(reason: KeySignal, { now, propagationSeconds }: HeardPorts): Finding {
  const { name, at, kekArn = 'the key' } = reason;
  const waitSeconds = Math.max(
    1,
    Math.ceil((atMs(reason) - now().getTime()) / 1000) + propagationSeconds + 1,
  );
  return failed(
    'key-state',
    `the event ${name} of ${kekArn} was heard at ${at}: for ${propagationSeconds} s KMS may answer as if nothing had happened`,
    `make the key Enabled (aws kms enable-key), and ask again; in ${waitSeconds} s at the latest the state of the key decides`,
  );
}
