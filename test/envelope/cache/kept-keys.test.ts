import { describe, expect, test } from 'vitest';
import { instantOf } from '../../../shared/envelope/cache/key-age.ts';
import { type KeptKey, KeptKeys } from '../../../shared/envelope/cache/kept-keys.ts';
import type { Tenant } from '../../../shared/tenant/tenant.ts';
import { heldClock } from '../../support/held-clock.ts';
import { ACME, GLOBEX } from '../../support/tenants.ts';

/** Makes a store of keys that note when they are zeroed. */
function makeStore(maxKeys = 10) {
  const clock = heldClock();
  const zeroed: string[] = [];
  const keys = new KeptKeys(maxKeys, clock);
  function keep(id: string, { tenantId, kekArn }: Pick<Tenant, 'tenantId' | 'kekArn'> = ACME): void {
    const material = {
      kind: 'branch key' as const,
      clone: () => {
        throw new Error('nobody clones it');
      },
      zero: () => void zeroed.push(id),
    };
    const key: KeptKey = {
      tenantId,
      kekArn,
      material,
      askedAt: instantOf(clock),
      maxAgeMs: 1_000,
      kmsRequestId: undefined,
      messages: 1,
      bytes: 0,
    };
    keys.keep(id, key);
  }
  return { keys, clock, zeroed, keep };
}

describe('a key is zeroed', () => {
  test('when it is dropped, once', () => {
    const { keys, zeroed, keep } = makeStore();
    keep('a');
    keys.drop('a');
    keys.drop('a');
    expect(zeroed).toEqual(['a']);
    expect(keys.get('a')).toBeUndefined();
  });

  test('when it is found too old', () => {
    const { keys, clock, zeroed, keep } = makeStore();
    keep('a');
    clock.advance(999);
    expect(keys.get('a')).toBeDefined();
    clock.advance(1);
    expect(keys.get('a')).toBeUndefined();
    expect(zeroed).toEqual(['a']);
  });

  test('when it is too old and nobody asks for it, as soon as another is kept', () => {
    const { clock, zeroed, keep } = makeStore();
    keep('a');
    clock.advance(1_000);
    keep('b');
    expect(zeroed).toEqual(['a']);
  });

  test('when another takes its place', () => {
    const { keys, zeroed, keep } = makeStore();
    keep('a');
    keep('a');
    expect(zeroed).toEqual(['a']);
    expect(keys.get('a')).toBeDefined();
  });

  test('when there is no room for it', () => {
    const { keys, zeroed, keep } = makeStore(2);
    keep('a');
    keep('b');
    keys.get('a');
    keep('c');
    expect(zeroed).toEqual(['b']);
  });

  test('with all others of its tenant', () => {
    const { keys, zeroed, keep } = makeStore();
    keep('a');
    keep('b', GLOBEX);
    keep('c');
    expect(keys.dropTenant(ACME.tenantId)).toBe(2);
    expect(zeroed).toEqual(['a', 'c']);
    expect(keys.get('b')).toBeDefined();
  });

  test('with all others of its tenant that are under the same KEK', () => {
    const { keys, zeroed, keep } = makeStore();
    keep('a');
    keep('b', { ...ACME, kekArn: GLOBEX.kekArn });
    expect(keys.dropTenant(ACME.tenantId, ACME.kekArn)).toBe(1);
    expect(zeroed).toEqual(['a']);
    expect(keys.get('b')).toBeDefined();
  });
});
