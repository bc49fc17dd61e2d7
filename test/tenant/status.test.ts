import { describe, expect, test } from 'vitest';
import {
  hasTurned,
  mayTurn,
  requireTransition,
  rulesOf,
  type StatusRules,
  type Transition,
  turned,
} from '../../shared/tenant/status.ts';
import type { TenantStatus } from '../../shared/tenant/tenant.ts';
import { ACME } from '../support/tenants.ts';

const [yes, no] = [true, false];
const STATUSES = ['pending', 'active', 'revoked', 'suspended', 'offboarding', 'offboarded'] as const;
const SIGNAL = { name: 'any', at: '2026-03-01T12:00:00.000Z' };

type Row = readonly [TenantStatus, boolean, boolean, boolean, boolean, boolean, StatusRules['key']];

describe('the rules of each status', () => {
  // prettier-ignore
  const rules: readonly Row[] = [
    // status       takes uploads  encrypts  restores  rotates  is probed  key
    ['pending',     yes,           no,       no,       no,      no,        'claimed'],
    ['active',      yes,           yes,      yes,      yes,     yes,       'held'],
    ['revoked',     yes,           no,       no,       no,      yes,       'held'],
    ['suspended',   yes,           no,       no,       no,      no,        'held'],
    ['offboarding', no,            yes,      no,       no,      yes,       'held'],
    ['offboarded',  no,            no,       no,       no,      no,        'left'],
  ];

  test('are known for every status', () => {
    expect(rules.map(([status]) => status)).toEqual(STATUSES);
  });

  test.each(rules)('%s', (status, takesUploads, encrypts, restores, rotates, isProbed, key) => {
    expect(rulesOf({ status })).toEqual({ takesUploads, encrypts, restores, rotates, isProbed, key });
  });
});

/** The status after the transition; undefined where the status does not allow it. */
type Arrow = TenantStatus | undefined;

describe('each transition', () => {
  const none = undefined;
  // prettier-ignore
  const transitions: readonly (readonly [Transition, ...Arrow[]])[] = [
    // from            pending       active         revoked       suspended     offboarding    offboarded
    ['register',        'pending',    none,          none,         none,         none,          none],
    ['activate',        'active',     none,          none,         none,         none,          none],
    ['change-kek',      none,         'active',      'active',     none,         none,          none],
    ['change-settings', none,         'active',      none,         none,         none,          none],
    ['question',        none,         'active',      none,         none,         'offboarding', none],
    ['revoke',          none,         'revoked',     none,         none,         'offboarded',  none],
    ['reactivate',      none,         none,          'active',     none,         none,          none],
    ['suspend',         none,         'suspended',   'suspended',  none,         none,          none],
    ['resume',          none,         none,          none,         'active',     none,          none],
    ['offboard',        'offboarded', 'offboarding', 'offboarded', 'offboarded', none,          none],
    ['drain',           none,         none,          none,         none,         none,          'offboarding'],
    ['drop-keys',       none,         none,          none,         none,         'offboarded',  none],
  ];
  const arrows = transitions.flatMap(([transition, ...after]) =>
    STATUSES.map((status, index) => [status, transition, after[index]] as const),
  );
  const allowed = arrows.filter(([, , after]) => after !== undefined);
  const refused = arrows.filter(([, , after]) => after === undefined);

  test('is tried in every status', () => {
    expect(arrows).toHaveLength(72);
  });

  test.each(allowed)('%s: %s leads to %s, and counts the epoch up', (status, transition, after) => {
    const tenant = { ...ACME, status, epoch: 7 };
    expect(mayTurn(tenant, transition)).toBe(true);
    expect(requireTransition(tenant, transition)).toBe(after);
    expect(turned(tenant, transition, SIGNAL)).toEqual({ ...ACME, status: after, epoch: 8, signal: SIGNAL });
  });

  test.each(refused)('%s: %s is refused', (status, transition) => {
    const tenant = { ...ACME, status };
    expect(mayTurn(tenant, transition)).toBe(false);
    const refusal = expect.objectContaining({ code: 'ERR_EVENT_INVALID', disposition: 'reject' });
    expect(() => requireTransition(tenant, transition)).toThrow(refusal);
    expect(() => turned(tenant, transition, SIGNAL)).toThrow(refusal);
  });

  test.each(allowed)('%s: %s is done when it has led to %s', (_status, transition, after) => {
    expect(after !== undefined && hasTurned({ status: after }, transition)).toBe(true);
  });

  test('is not done before', () => {
    const done = STATUSES.filter((status) => hasTurned({ status }, 'suspend'));
    expect(done).toEqual(['suspended']);
  });
});

test('a refusal names the statuses that allow the transition', () => {
  expect(() => requireTransition({ ...ACME, status: 'pending' }, 'suspend')).toThrow(
    'tenant acme is pending, not active or revoked',
  );
});
