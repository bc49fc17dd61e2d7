import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { kekOf } from '../../../shared/envelope/kms/kek.ts';
import {
  CACHED_ACME,
  type CachedKeys,
  cachedKeys,
  CACHED_GLOBEX,
  holdAnswers,
  idle,
} from '../../support/cached-keys.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { ACME } from '../../support/tenants.ts';

const NEXT = { ...ACME, epoch: ACME.epoch + 1 };

/** Counts the calls of KMS for one more message of acme, and then for one of globex. */
async function countCalls({ kek, kms }: CachedKeys, epoch: number = ACME.epoch): Promise<readonly number[]> {
  const before = kms.calls.length;
  await messageOf(kek({ epoch }), randomBytes(10));
  const between = kms.calls.length;
  await messageOf(kek(CACHED_GLOBEX), randomBytes(10));
  return [between - before, kms.calls.length - between];
}

async function warmSandbox(): Promise<CachedKeys> {
  const sandbox = cachedKeys();
  expect(await countCalls(sandbox)).toEqual([1, 1]);
  expect(await countCalls(sandbox)).toEqual([0, 0]);
  return sandbox;
}

describe('a tenant’s keys are dropped, and no other’s,', () => {
  test('when it is flushed', async () => {
    const sandbox = await warmSandbox();
    sandbox.keys.cache.flush(ACME.tenantId);
    expect(await countCalls(sandbox)).toEqual([1, 0]);
  });

  test('when it is seen in a later epoch', async () => {
    const sandbox = await warmSandbox();
    sandbox.keys.cache.observe(NEXT);
    expect(await countCalls(sandbox, NEXT.epoch)).toEqual([1, 0]);
    expect(await countCalls(sandbox, NEXT.epoch)).toEqual([0, 0]);
  });

  test('for opening as for making messages', async () => {
    const sandbox = await warmSandbox();
    const message = await messageOf(sandbox.kek(), randomBytes(10));
    await decryptWhole(sandbox.kek(), message, CONTEXT);
    const asked = sandbox.kms.calls.length;
    await decryptWhole(sandbox.kek(), message, CONTEXT);
    expect(sandbox.kms.calls).toHaveLength(asked);
    sandbox.keys.cache.flush(ACME.tenantId);
    await decryptWhole(sandbox.kek(), message, CONTEXT);
    expect(sandbox.kms.calls).toHaveLength(asked + 1);
  });
});

describe('a KEK that is flushed by itself', () => {
  const OLD = ACME.kekArn.replace('9d3ab1c2', '00000000');
  const RETIRED = { retiredKeks: [{ kekArn: OLD, replicaArns: [], branchKeyIds: [] }] };

  /** Makes a sandbox that has cached the keys of acme's present KEK, and those of the KEK that acme had before. */
  async function warmBothKeks(): Promise<CachedKeys & { readonly countCallsOfOld: () => Promise<number> }> {
    const sandbox = await warmSandbox();
    sandbox.kms.addKey(OLD);
    const message = await messageOf(sandbox.kek({ kekArn: OLD }), randomBytes(10));
    const kek = kekOf({ ...CACHED_ACME, ...RETIRED }, sandbox.keys, OLD);
    async function countCallsOfOld(): Promise<number> {
      const before = sandbox.kms.calls.length;
      await decryptWhole(kek, message, CONTEXT);
      return sandbox.kms.calls.length - before;
    }
    expect([await countCallsOfOld(), await countCallsOfOld()]).toEqual([1, 0]);
    return { ...sandbox, countCallsOfOld };
  }

  test('loses its keys, and no other KEK of the tenant does', async () => {
    const sandbox = await warmBothKeks();
    sandbox.keys.cache.flush(ACME.tenantId, OLD);
    expect(await countCalls(sandbox)).toEqual([0, 0]);
    expect([await sandbox.countCallsOfOld(), await sandbox.countCallsOfOld()]).toEqual([1, 0]);
  });

  test('is the only one to lose its keys when KMS refuses it', async () => {
    const sandbox = await warmBothKeks();
    sandbox.clock.advance(45_000);
    // The present KEK's key is fetched anew before the old one is asked for, and refused.
    sandbox.keys.cache.flush(ACME.tenantId);
    expect(await countCalls(sandbox)).toEqual([1, expect.any(Number)]);
    sandbox.kms.refuse(OLD, 'DisabledException');
    await expect(sandbox.countCallsOfOld()).rejects.toMatchObject({ code: 'ERR_TENANT_KEY_UNUSABLE' });
    expect(await countCalls(sandbox)).toEqual([0, 0]);
  });

  test('is flushed with the tenant’s other ones in a later epoch', async () => {
    const sandbox = await warmBothKeks();
    sandbox.keys.cache.observe(NEXT);
    const kek = kekOf({ ...CACHED_ACME, ...RETIRED, epoch: NEXT.epoch }, sandbox.keys, OLD);
    const { length } = sandbox.kms.calls;
    await messageOf(kek, randomBytes(10));
    expect(sandbox.kms.calls).toHaveLength(length + 1);
  });
});

describe('an epoch only grows, so that', () => {
  test('an epoch that is seen again changes nothing', async () => {
    const sandbox = await warmSandbox();
    sandbox.keys.cache.observe(ACME);
    expect(await countCalls(sandbox)).toEqual([0, 0]);
  });

  test('an earlier epoch brings no key back and drops none', async () => {
    const sandbox = await warmSandbox();
    sandbox.keys.cache.observe(NEXT);
    expect(await countCalls(sandbox, NEXT.epoch)).toEqual([1, 0]);
    sandbox.keys.cache.observe(ACME);
    expect(await countCalls(sandbox, NEXT.epoch)).toEqual([0, 0]);
  });

  test('work of an earlier epoch finds no key and leaves none', async () => {
    const sandbox = await warmSandbox();
    sandbox.keys.cache.observe(NEXT);
    expect(await countCalls(sandbox, ACME.epoch)).toEqual([1, 0]);
    expect(await countCalls(sandbox, ACME.epoch)).toEqual([1, 0]);
    expect(await countCalls(sandbox, NEXT.epoch)).toEqual([1, 0]);
    expect(await countCalls(sandbox, ACME.epoch)).toEqual([1, 0]);
    expect(await countCalls(sandbox, NEXT.epoch)).toEqual([0, 0]);
  });
});

describe('a load that began before a flush', () => {
  test.each([
    ['a later epoch', ({ keys }: CachedKeys) => keys.cache.observe(NEXT), NEXT.epoch],
    ['a flush', ({ keys }: CachedKeys) => keys.cache.flush(ACME.tenantId), ACME.epoch],
    [
      'a flush of its KEK',
      ({ keys }: CachedKeys) => keys.cache.flush(ACME.tenantId, ACME.kekArn),
      ACME.epoch,
    ],
  ])('serves its own message and nobody after %s', async (_, flush, epoch) => {
    const sandbox = cachedKeys();
    const { release } = holdAnswers(sandbox.kms);
    const before = messageOf(sandbox.kek(), randomBytes(10));
    await idle();
    flush(sandbox);
    // This message does not join the load that is under way.
    const after = messageOf(sandbox.kek({ epoch }), randomBytes(10));
    await idle();
    release();
    await Promise.all([before, after]);
    expect(sandbox.kms.calls).toHaveLength(2);
    expect(await countCalls(sandbox, epoch)).toEqual([0, 1]);
  });

  test.each([
    ['the tenant', undefined],
    ['its KEK', ACME.kekArn],
  ])('of %s keeps nothing', async (_, kekArn) => {
    const sandbox = cachedKeys();
    const { release } = holdAnswers(sandbox.kms);
    const before = messageOf(sandbox.kek(), randomBytes(10));
    await idle();
    sandbox.keys.cache.flush(ACME.tenantId, kekArn);
    release();
    await before;
    expect(await countCalls(sandbox)).toEqual([1, 1]);
  });

  test('keeps nothing either when it ran in the background', async () => {
    const sandbox = await warmSandbox();
    sandbox.clock.advance(50_000);
    const { asked, release } = holdAnswers(sandbox.kms);
    await messageOf(sandbox.kek(), randomBytes(10));
    expect(asked()).toBe(1);
    sandbox.keys.cache.observe(NEXT);
    release();
    await idle();
    expect(await countCalls(sandbox, NEXT.epoch)).toEqual([1, expect.any(Number)]);
  });
});

test('the cache tells hits with the age of the key, misses and flushes', async () => {
  const { kek, clock, keys, events } = cachedKeys();
  await messageOf(kek(), randomBytes(10));
  clock.advance(1_500);
  await messageOf(kek(), randomBytes(10));
  await messageOf(kek(CACHED_GLOBEX), randomBytes(10));
  keys.cache.flush(ACME.tenantId);
  keys.cache.flush(ACME.tenantId);
  expect(events).toEqual([
    { name: 'miss' },
    { name: 'hit', keyAgeMs: 1_500 },
    { name: 'miss' },
    { name: 'flush', keys: 1 },
  ]);
});
