import { describe, expect, test } from 'vitest';
import { KmsUnavailableError, TenantKeyDeniedError } from '../../shared/errors.ts';
import type { Moment } from '../../shared/revocation/settled.ts';
import { takenBack } from '../../shared/revocation/taken-back.ts';
import {
  disabled,
  enabled,
  probed,
  questioned,
  refused,
  reopened,
} from '../../shared/revocation/transition.ts';
import { type KeySignal, reasonsIn, type TenantSignal } from '../../shared/tenant/key-signal.ts';
import type { Tenant, TenantStatus } from '../../shared/tenant/tenant.ts';
import { ACME } from '../support/tenants.ts';

const T0 = '2026-03-01T12:00:00.000Z';
const T1 = '2026-03-01T12:00:01.000Z';
const T2 = '2026-03-01T12:00:02.000Z';
const T4 = '2026-03-01T12:00:04.000Z';
const LATER = new Date('2026-03-01T12:05:01.000Z');
/** The first time that a probe proves what the key was after T1. */
const SETTLED = new Date('2026-03-01T12:05:02.999Z');

function settling(now: Date): Moment {
  return { now, propagationSeconds: 300 };
}

function tenant(status: TenantStatus, name: string, at: string): Tenant {
  return { ...ACME, status, epoch: 7, signal: { name, at } };
}
const ACTIVE = tenant('active', 'registered', T1);
const REVOKED = tenant('revoked', 'DisableKey', T1);

/** Returns the signal of a tenant that was proven at T1 and then turned by a reason. */
function turnedBy(reason: KeySignal): TenantSignal {
  return { ...reason, reasons: [reason], proofs: [{ name: 'registered', at: T1 }] };
}

/** Returns the signal of a tenant whose only key is proven. */
function provenBy(proof: KeySignal): TenantSignal {
  return { ...proof, reasons: [], proofs: [proof] };
}

/** Applies an enabling event to a tenant whose keys all answer yes. */
function afterEvent(before: Tenant, signal: KeySignal, now: Date): Tenant | undefined {
  return reopened(takenBack(before, signal) ?? before, signal, settling(now));
}

function namesOfReasons(after: Tenant | undefined): readonly string[] {
  return after === undefined ? [] : reasonsIn(after.signal).map(({ name }) => name);
}

/** Returns every order in which they can arrive. */
function ordersOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) =>
    ordersOf(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}

function atSecond(second: number): string {
  return `2026-03-01T12:00:0${second}.000Z`;
}

function off(kekArn: string, second: number): KeySignal {
  return { name: 'DisableKey', at: atSecond(second), kekArn };
}

function on(kekArn: string, second: number): KeySignal {
  return { name: 'EnableKey', at: atSecond(second), kekArn };
}

describe('a disabling event', () => {
  test.each([
    ['after', T2],
    ['at the very time of', T1],
  ])('%s the last signal revokes and counts the epoch up', (_when, at) => {
    const signal = { name: 'DisableKey', at };
    expect(disabled(ACTIVE, signal)).toEqual({
      ...ACTIVE,
      status: 'revoked',
      epoch: 8,
      signal: turnedBy(signal),
    });
  });

  test('before the last signal is stale', () => {
    expect(disabled(ACTIVE, { name: 'DisableKey', at: T0 })).toBeUndefined();
  });

  test('of a revoked tenant is noted without an epoch, unless it is heard already', () => {
    const signal = { name: 'ScheduleKeyDeletion', at: T2 };
    const reasons = [{ name: 'DisableKey', at: T1 }, signal];
    const after = { ...REVOKED, signal: { ...signal, reasons, proofs: [], notes: 1 } };
    expect(disabled(REVOKED, signal)).toEqual(after);
    const again = { name: 'DisableKey', at: T2 };
    expect(disabled(REVOKED, again)?.signal).toEqual({ ...again, reasons: [again], proofs: [], notes: 1 });
    expect(disabled(after, signal)).toBeUndefined();
    expect(disabled(REVOKED, REVOKED.signal)).toBeUndefined();
    expect(disabled(REVOKED, { name: 'DisableKey', at: T0 })).toBeUndefined();
  });

  test('ties with whatever else happened in its second: CloudTrail tells no milliseconds', () => {
    const justNow = tenant('active', 'EnableKey', '2026-03-01T12:00:01.900Z');
    expect(disabled(justNow, { name: 'DisableKey', at: T1 })?.status).toBe('revoked');
    expect(disabled(justNow, { name: 'DisableKey', at: T0 })).toBeUndefined();
  });

  test('is compared by instant, not by spelling', () => {
    const registered = tenant('active', 'registered', '2026-03-01T12:00:01Z');
    expect(disabled(registered, { name: 'DisableKey', at: T1 })?.status).toBe('revoked');
    expect(disabled(registered, { name: 'DisableKey', at: T0 })).toBeUndefined();
  });
});

describe('a questioning event', () => {
  const signal = { name: 'PutKeyPolicy', at: T2 };

  test('counts the epoch up, and decides nothing: a disabling event from before it still counts', () => {
    const after = questioned(ACTIVE, signal);
    expect(after).toEqual({ ...ACTIVE, epoch: 8 });
    expect(disabled(after ?? ACTIVE, { name: 'DisableKey', at: T1 })?.status).toBe('revoked');
  });

  test('is stale before the last signal, and noted when the tenant is revoked', () => {
    expect(questioned(ACTIVE, { name: 'PutKeyPolicy', at: T0 })).toBeUndefined();
    const reasons = [{ name: 'DisableKey', at: T1 }, signal];
    expect(questioned(REVOKED, signal)).toEqual({
      ...REVOKED,
      signal: { ...signal, reasons, proofs: [], notes: 1 },
    });
  });
});

describe('an enabling event', () => {
  test.each([
    ['after', T2, 'active'],
    ['at the very time of', T1, undefined],
    ['before', T0, undefined],
  ])('%s the last signal makes a revoked tenant %s: %s', (_when, at, status) => {
    expect(enabled(REVOKED, { name: 'EnableKey', at })?.status).toBe(status);
  });

  test('counts the epoch up, and changes nothing about an active tenant', () => {
    const signal = { name: 'EnableKey', at: T2 };
    expect(enabled(REVOKED, signal)).toEqual({
      ...REVOKED,
      status: 'active',
      epoch: 8,
      signal: provenBy(signal),
    });
    expect(enabled(ACTIVE, signal)).toBeUndefined();
  });

  test.each([
    ['EnableKey', 'DisableKey', true],
    ['EnableKey', 'ScheduleKeyDeletion', true],
    ['EnableKey', 'ERR_TENANT_KEY_UNUSABLE', true],
    ['EnableKey', 'PutKeyPolicy', false],
    ['EnableKey', 'DisableKey and PutKeyPolicy', false],
    ['EnableKey', 'DeleteImportedKeyMaterial', false],
    ['ImportKeyMaterial', 'DeleteImportedKeyMaterial', true],
    ['ImportKeyMaterial', 'KMS Imported Key Material Expiration', true],
    ['ImportKeyMaterial', 'DisableKey', false],
    ['ImportKeyMaterial', 'DeleteImportedKeyMaterial and DisableKey', false],
    ['CancelKeyDeletion', 'ScheduleKeyDeletion', false],
    ['CreateGrant', 'DisableKey', false],
    ['CreateGrant', 'RevokeGrant', false],
  ])(
    '%s right after %s lets a probe be believed: %s; once KMS has settled it always is',
    (name, reason, now) => {
      const revoked = tenant('revoked', reason, T1);
      const signal = { name, at: T2 };
      expect(afterEvent(revoked, signal, new Date(T2)) !== undefined).toBe(now);
      expect(afterEvent(revoked, signal, SETTLED)?.status).toBe('active');
      expect(afterEvent(revoked, { name, at: T1 }, SETTLED)).toBeUndefined();
    },
  );

  test.each([
    ['EnableKey', 'DisableKey', T4],
    ['ImportKeyMaterial', 'DeleteImportedKeyMaterial', T2],
    ['CreateGrant', 'DisableKey', T2],
  ])('%s after %s proves what the key was at %s', (name, reason, at) => {
    const revoked = tenant('revoked', reason, T1);
    expect(afterEvent(revoked, { name, at: T4 }, SETTLED)?.signal).toEqual(provenBy({ name, at }));
  });
});

describe('a refusal met first-hand', () => {
  const signal = { name: 'ERR_TENANT_KEY_DENIED', at: T2 };

  test('revokes the tenant whose epoch it was met under', () => {
    expect(refused(ACTIVE, 7, signal)).toEqual({
      ...ACTIVE,
      status: 'revoked',
      epoch: 8,
      signal: turnedBy(signal),
    });
  });

  test('says nothing about another epoch, or about a tenant revoked already', () => {
    expect(refused(ACTIVE, 6, signal)).toBeUndefined();
    expect(refused(REVOKED, 7, signal)).toBeUndefined();
  });
});

describe('a probe that no event asked for', () => {
  const REFUSED = { refused: new TenantKeyDeniedError('no') };
  const UNREACHABLE = { unreachable: new KmsUnavailableError('?') };
  const USABLE = { usable: true } as const;

  test('revokes an active tenant when refused', () => {
    const after = probed(ACTIVE, REFUSED, settling(LATER));
    const signal = turnedBy({ name: 'ERR_TENANT_KEY_DENIED', at: LATER.toISOString() });
    expect(after).toEqual({ ...ACTIVE, status: 'revoked', epoch: 8, signal });
    expect(probed(REVOKED, REFUSED, settling(LATER))).toBeUndefined();
  });

  test('activates a revoked tenant only after the propagation window, and proves nothing about it', () => {
    expect(probed(REVOKED, USABLE, settling(LATER))).toBeUndefined();
    const signal = provenBy({ name: 'probe', at: T2 });
    const after = probed(REVOKED, USABLE, settling(SETTLED));
    expect(after).toEqual({ ...REVOKED, status: 'active', epoch: 8, signal });
    // The event that revoked it is stale when it is delivered once more. An event from within the window still counts.
    expect(disabled(after ?? REVOKED, REVOKED.signal)).toBeUndefined();
    expect(disabled(after ?? REVOKED, { name: 'DisableKey', at: T2 })?.status).toBe('revoked');
  });

  test('changes nothing when KMS could not be asked, or the tenant is active and its key works', () => {
    expect(probed(ACTIVE, UNREACHABLE, settling(LATER))).toBeUndefined();
    expect(probed(REVOKED, UNREACHABLE, { now: LATER, propagationSeconds: 0 })).toBeUndefined();
    expect(probed(ACTIVE, USABLE, settling(LATER))).toBeUndefined();
  });
});

describe.each(['pending', 'suspended', 'offboarded'] as const)('a tenant that is %s', (status) => {
  const idle = tenant(status, 'registered', T1);
  const signal = { name: 'any', at: T2 };
  const denied = { refused: new TenantKeyDeniedError('no') };

  test.each([
    ['a disabling event', disabled(idle, signal)],
    ['a questioning event', questioned(idle, signal)],
    ['an enabling event', enabled(idle, signal)],
    ['a refusal', refused(idle, idle.epoch, signal)],
    ['a probe that is refused', probed(idle, denied, { now: LATER, propagationSeconds: 0 })],
    ['a probe that succeeds', probed(idle, { usable: true }, { now: LATER, propagationSeconds: 0 })],
  ])('keeps its status and epoch at %s', (_signal, after = idle) => {
    expect(after).toMatchObject({ status, epoch: idle.epoch });
  });
});

test('a tenant on its way out is out when its key is taken away', () => {
  const signal = { name: 'DisableKey', at: T2 };
  expect(disabled(tenant('offboarding', 'registered', T1), signal)).toMatchObject({
    status: 'offboarded',
    epoch: 8,
    signal,
  });
});

describe('a key disabled, scheduled for deletion, cancelled and enabled', () => {
  const HISTORY = [
    { name: 'DisableKey', at: '2026-03-01T12:00:03.000Z' },
    { name: 'ScheduleKeyDeletion', at: '2026-03-01T12:00:05.000Z' },
    { name: 'CancelKeyDeletion', at: '2026-03-01T12:00:07.000Z' },
    { name: 'EnableKey', at: '2026-03-01T12:00:09.000Z' },
  ];
  const NOW = new Date('2026-03-01T12:00:10.000Z');
  const [ENABLED] = HISTORY.slice(-1);

  function hear(before: Tenant, signal: KeySignal): Tenant {
    const isDisabling = ['DisableKey', 'ScheduleKeyDeletion'].includes(signal.name);
    if (isDisabling) return disabled(before, signal) ?? before;
    const noted = takenBack(before, signal) ?? before;
    return reopened(noted, signal, settling(NOW)) ?? noted;
  }

  test('is back at once when they arrive in order, each of them twice', () => {
    const after = HISTORY.flatMap((signal) => [signal, signal]).reduce(hear, ACTIVE);
    expect(after).toMatchObject({ status: 'active', signal: ENABLED });
  });

  test.each(ordersOf(HISTORY).map((order) => [order.map(({ name }) => name).join(', '), order] as const))(
    'is back at once when EnableKey comes once more after %s',
    (_order, order) => {
      const after = [...order, ...HISTORY.slice(-1)].reduce(hear, ACTIVE);
      expect(after.status).toBe('active');
      // The tenant stays active, whichever event is delivered again.
      expect(HISTORY.reduce(hear, after)).toEqual(after);
    },
  );

  test('waits all the same while a reason stands that EnableKey does not take back', () => {
    const policy = { name: 'PutKeyPolicy', at: '2026-03-01T12:00:06.000Z' };
    const [disable, ...others] = HISTORY;
    const revoked = questioned(hear(ACTIVE, disable ?? policy), policy) ?? ACTIVE;
    const after = others.reduce(hear, revoked);
    expect(after.status).toBe('revoked');
    expect(namesOfReasons(after)).toEqual(['PutKeyPolicy']);
  });

  test('is known by its reasons in a record of an earlier version, which joined them', () => {
    const joined = tenant('revoked', 'DisableKey and ScheduleKeyDeletion', T2);
    expect(namesOfReasons(joined)).toEqual(['DisableKey', 'ScheduleKeyDeletion']);
    expect(hear(joined, ENABLED ?? REVOKED.signal)).toMatchObject({ status: 'active', signal: ENABLED });
  });
});

describe('with two replicas', () => {
  const [A, B] = [ACME.kekArn, ACME.kekArn.replace('us-east-1', 'eu-west-1')];
  const pair: Tenant = { ...ACTIVE, replicaArns: [B] };
  const NOW = new Date('2026-03-01T12:00:10.000Z');

  function allOf(before: Tenant, ...signals: readonly KeySignal[]): Tenant {
    return signals.reduce((current, signal) => {
      if (signal.name === 'DisableKey') return disabled(current, signal) ?? current;
      const noted = takenBack(current, signal) ?? current;
      return reopened(noted, signal, settling(NOW)) ?? noted;
    }, before);
  }

  test('what enables one takes back nothing of the other, whatever a probe says', () => {
    const after = allOf(pair, off(A, 2), off(B, 3), on(A, 4));
    expect(after.status).toBe('revoked');
    expect(reasonsIn(after.signal)).toEqual([off(B, 3)]);
  });

  test('the tenant is back at once when both are enabled, in either order', () => {
    expect(allOf(pair, off(A, 2), off(B, 3), on(A, 4), on(B, 5)).status).toBe('active');
    expect(allOf(pair, off(A, 2), off(B, 3), on(B, 5), on(A, 4)).status).toBe('active');
  });

  test('that one was enabled does not make an older event of the other stale', () => {
    const after = allOf(pair, off(A, 2), on(A, 5), off(B, 4));
    expect(after).toMatchObject({ status: 'revoked', signal: off(B, 4) });
    // An older event of its own is stale, because it was taken back before.
    expect(allOf(after, off(A, 2))).toEqual(after);
  });

  test('a refusal of one waits for what enables that one', () => {
    const refusal = { name: 'ERR_TENANT_KEY_UNUSABLE', at: atSecond(2), kekArn: B };
    const revoked = refused(pair, pair.epoch, refusal) ?? pair;
    expect(allOf(revoked, on(A, 4)).status).toBe('revoked');
    expect(allOf(revoked, on(B, 4)).status).toBe('active');
  });

  test('a reason of an earlier version, which named no key, waits until KMS has settled', () => {
    const old: Tenant = { ...REVOKED, replicaArns: [B] };
    expect(allOf(old, on(A, 4), on(B, 5)).status).toBe('revoked');
    expect(probed(old, { usable: true }, settling(SETTLED))?.status).toBe('active');
  });
});
