import { describe, expect, test } from 'vitest';
import { KmsUnavailableError, TenantKeyDeniedError } from '../../shared/errors.ts';
import {
  disabled,
  enabled,
  probed,
  provenBy,
  questioned,
  refused,
} from '../../shared/revocation/transition.ts';
import type { Tenant, TenantStatus } from '../../shared/tenant/tenant.ts';
import { ACME } from '../support/tenants.ts';

const T0 = '2026-03-01T12:00:00.000Z';
const T1 = '2026-03-01T12:00:01.000Z';
const T2 = '2026-03-01T12:00:02.000Z';
const T4 = '2026-03-01T12:00:04.000Z';
const LATER = new Date('2026-03-01T12:05:01.000Z');
/** The first time that a probe proves what the key was after T1. */
const SETTLED = new Date('2026-03-01T12:05:02.999Z');
const PROPAGATION_SECONDS = 300;

function tenant(status: TenantStatus, name: string, at: string): Tenant {
  return { ...ACME, status, epoch: 7, signal: { name, at } };
}
const ACTIVE = tenant('active', 'registered', T1);
const REVOKED = tenant('revoked', 'DisableKey', T1);

describe('a disabling event', () => {
  test.each([
    ['after', T2],
    ['at the very time of', T1],
  ])('%s the last signal revokes and counts the epoch up', (_when, at) => {
    const signal = { name: 'DisableKey', at };
    expect(disabled(ACTIVE, signal)).toEqual({ ...ACTIVE, status: 'revoked', epoch: 8, signal });
  });

  test('before the last signal is stale', () => {
    expect(disabled(ACTIVE, { name: 'DisableKey', at: T0 })).toBeUndefined();
  });

  test('of a revoked tenant is noted without an epoch, unless it is heard already', () => {
    const signal = { name: 'ScheduleKeyDeletion', at: T2 };
    const after = { ...REVOKED, signal: { name: 'DisableKey and ScheduleKeyDeletion', at: T2 } };
    expect(disabled(REVOKED, signal)).toEqual(after);
    expect(disabled(REVOKED, { name: 'DisableKey', at: T2 })?.signal).toEqual({ name: 'DisableKey', at: T2 });
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
    const after = { ...REVOKED, signal: { name: 'DisableKey and PutKeyPolicy', at: T2 } };
    expect(questioned(REVOKED, signal)).toEqual(after);
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
    expect(enabled(REVOKED, signal)).toEqual({ ...REVOKED, status: 'active', epoch: 8, signal });
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
      expect(provenBy(revoked, signal, new Date(T2), PROPAGATION_SECONDS) !== undefined).toBe(now);
      expect(provenBy(revoked, signal, SETTLED, PROPAGATION_SECONDS)).toBeDefined();
      expect(provenBy(revoked, { name, at: T1 }, SETTLED, PROPAGATION_SECONDS)).toBeUndefined();
    },
  );

  test.each([
    ['EnableKey', 'DisableKey', T4],
    ['ImportKeyMaterial', 'DeleteImportedKeyMaterial', T2],
    ['CreateGrant', 'DisableKey', T2],
  ])('%s after %s proves what the key was at %s', (name, reason, at) => {
    const revoked = tenant('revoked', reason, T1);
    expect(provenBy(revoked, { name, at: T4 }, SETTLED, PROPAGATION_SECONDS)).toEqual({ name, at });
  });
});

describe('a refusal met first-hand', () => {
  const signal = { name: 'ERR_TENANT_KEY_DENIED', at: T2 };

  test('revokes the tenant whose epoch it was met under', () => {
    expect(refused(ACTIVE, 7, signal)).toEqual({ ...ACTIVE, status: 'revoked', epoch: 8, signal });
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
    const after = probed(ACTIVE, REFUSED, LATER, PROPAGATION_SECONDS);
    const signal = { name: 'ERR_TENANT_KEY_DENIED', at: LATER.toISOString() };
    expect(after).toEqual({ ...ACTIVE, status: 'revoked', epoch: 8, signal });
    expect(probed(REVOKED, REFUSED, LATER, PROPAGATION_SECONDS)).toBeUndefined();
  });

  test('activates a revoked tenant only after the propagation window, and proves nothing about it', () => {
    expect(probed(REVOKED, USABLE, LATER, PROPAGATION_SECONDS)).toBeUndefined();
    const signal = { name: 'probe', at: T2 };
    const after = probed(REVOKED, USABLE, SETTLED, PROPAGATION_SECONDS);
    expect(after).toEqual({ ...REVOKED, status: 'active', epoch: 8, signal });
    // The event that revoked it, delivered once more, is stale; one from within the window still counts.
    expect(disabled(after ?? REVOKED, REVOKED.signal)).toBeUndefined();
    expect(disabled(after ?? REVOKED, { name: 'DisableKey', at: T2 })?.status).toBe('revoked');
  });

  test('changes nothing when KMS could not be asked, or the tenant is active and its key works', () => {
    expect(probed(ACTIVE, UNREACHABLE, LATER, PROPAGATION_SECONDS)).toBeUndefined();
    expect(probed(REVOKED, UNREACHABLE, LATER, 0)).toBeUndefined();
    expect(probed(ACTIVE, USABLE, LATER, PROPAGATION_SECONDS)).toBeUndefined();
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
    ['a probe that is refused', probed(idle, denied, LATER, 0)],
    ['a probe that succeeds', probed(idle, { usable: true }, LATER, 0)],
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
