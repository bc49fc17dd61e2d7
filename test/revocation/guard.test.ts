import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  KmsUnavailableError,
  StorageUnavailableError,
  TenantKeyDeniedError,
  TenantKeyMisconfiguredError,
  TenantKeyUnusableError,
} from '../../shared/errors.ts';
import type { FirstHandPorts } from '../../shared/revocation/first-hand.ts';
import { createGuard, type Guard } from '../../shared/revocation/guard.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { type MemoryTenants, memoryTenants } from '../support/memory-tenants.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { NEVER } from '../support/world.ts';

const POLL_MS = 400;
const NOW = '2026-03-01T12:00:00.000Z';
const REVOKED: Tenant = { ...ACME, status: 'revoked', epoch: ACME.epoch + 1 };

let tenants: MemoryTenants;
let ports: FirstHandPorts;
let guard: Guard;
/** All that the cache and the log were told, in order. */
let told: (readonly [string, unknown])[];
beforeEach(() => {
  vi.useFakeTimers();
  tenants = memoryTenants(ACME, GLOBEX);
  told = [];
  ports = {
    tenants,
    cache: {
      observe: ({ tenantId, epoch }) => void told.push(['observe', `${tenantId} ${epoch}`]),
      flush: (tenantId, kekArn) =>
        void told.push(['flush', kekArn === undefined ? tenantId : `${tenantId} ${kekArn}`]),
    },
    now: () => new Date(NOW),
    revocations: {
      revoked: ({ tenantId, epoch }) => void told.push(['revoked', `${tenantId} ${epoch}`]),
      notRevoked: (_tenant, failure) => void told.push(['notRevoked', failure]),
    },
  };
  guard = createGuard(ports);
});
afterEach(() => {
  const timers = vi.getTimerCount();
  vi.useRealTimers();
  if (timers > 0) throw new Error(`${timers} timers are left with nothing in flight`);
});

/** Works until its signal aborts, and throws as an interrupted request does. */
async function endless(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('socket hang up')));
  });
}

/** Lets the first reads answer only when they are given up. Returns the signals of these reads, as they begin. */
function hangReads(times: number): readonly AbortSignal[] {
  const signals: AbortSignal[] = [];
  const answer = tenants.tenant.bind(tenants);
  tenants.tenant = async (tenantId, signal) => {
    if (signal === undefined || signals.length >= times) return await answer(tenantId);
    signals.push(signal);
    return await endless(signal);
  };
  return signals;
}

/** Returns the failure of work that is under way, and keeps it from being unhandled. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('work under guard', () => {
  test('begins by dropping the keys of another epoch, and reads nothing when it is short', async () => {
    expect(await guard(ACME, NEVER, async () => await Promise.resolve('done'))).toBe('done');
    expect(told).toEqual([['observe', `acme ${ACME.epoch}`]]);
    expect(tenants.reads).toBe(0);
  });

  test.each([
    ['revoked', REVOKED, 'ERR_TENANT_REVOKED'],
    ['in another epoch', { ...ACME, epoch: ACME.epoch + 1 }, 'ERR_EPOCH_CHANGED'],
  ])('is aborted within one poll of the tenant being %s', async (_what, changed, code) => {
    const failure = failureOf(guard(ACME, NEVER, endless));
    await vi.advanceTimersByTimeAsync(POLL_MS);
    tenants.records.set('acme', changed);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(await failure).toMatchObject({ code });
    expect(told).toContainEqual(['observe', `acme ${changed.epoch}`]);
  });

  test('is aborted when the tenant is gone', async () => {
    const failure = failureOf(guard(ACME, NEVER, endless));
    tenants.records.delete('acme');
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(await failure).toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });

  test.each([
    ['names another tenant', GLOBEX],
    ['is no record', { ...ACME, epoch: 'seven' }],
  ])('is aborted within one poll when what is in the place of the record %s', async (_what, row) => {
    const failure = failureOf(guard(ACME, NEVER, endless));
    const [done, finish] = settled();
    const other = guard(GLOBEX, NEVER, async () => await done);
    tenants.edited.set('acme', row);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(await failure).toMatchObject({ code: 'ERR_TENANT_INVALID' });
    finish();
    await other;
  });

  test('is not aborted by another tenant’s revocation', async () => {
    const other = failureOf(guard(GLOBEX, NEVER, endless));
    const [done, finish] = settled();
    const work = guard(ACME, NEVER, async () => await done);
    tenants.records.set('globex', { ...GLOBEX, status: 'revoked', epoch: GLOBEX.epoch + 1 });
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(await other).toMatchObject({ code: 'ERR_TENANT_REVOKED' });
    finish();
    await work;
  });

  test('shares one poll with all other work of its tenant', async () => {
    const failures = Array.from({ length: 10 }, async () => await failureOf(guard(ACME, NEVER, endless)));
    await vi.advanceTimersByTimeAsync(2 * POLL_MS);
    expect(tenants.reads).toBe(2);
    tenants.records.set('acme', REVOKED);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    for (const failure of await Promise.all(failures))
      expect(failure).toMatchObject({ code: 'ERR_TENANT_REVOKED' });
    expect(tenants.reads).toBe(3);
  });

  test('that began after a read was sent is not aborted by its older answer', async () => {
    const newer = { ...ACME, epoch: ACME.epoch + 2 };
    const old = failureOf(guard(ACME, NEVER, endless));
    const [done, finish] = settled();
    const young = guard(newer, NEVER, async () => await done);
    tenants.records.set('acme', { ...ACME, epoch: ACME.epoch + 1 });
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(await old).toMatchObject({ code: 'ERR_EPOCH_CHANGED' });
    finish();
    await young;
  });

  test('goes on while the table cannot be read, and is aborted once it can', async () => {
    const failure = failureOf(guard(ACME, NEVER, endless));
    tenants.records.set('acme', REVOKED);
    tenants.outage = new StorageUnavailableError('dynamodb:GetItem answered nothing');
    await vi.advanceTimersByTimeAsync(3 * POLL_MS);
    expect(vi.getTimerCount()).toBe(1);
    tenants.outage = undefined;
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(await failure).toMatchObject({ code: 'ERR_TENANT_REVOKED' });
  });

  test('is aborted within a second of the change though a read hangs, as soon as the next one answers', async () => {
    const signals = hangReads(1);
    const failure = failureOf(guard(ACME, NEVER, endless));
    tenants.records.set('acme', REVOKED);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await failure).toMatchObject({ code: 'ERR_TENANT_REVOKED' });
    // Nothing is in flight any more, so nobody waits for the read that hangs.
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('is aborted within a second of the change though a read fails', async () => {
    tenants.outage = new StorageUnavailableError('dynamodb:GetItem answered nothing');
    const failure = failureOf(guard(ACME, NEVER, endless));
    await vi.advanceTimersByTimeAsync(POLL_MS);
    tenants.outage = undefined;
    tenants.records.set('acme', REVOKED);
    await vi.advanceTimersByTimeAsync(250);
    expect(await failure).toMatchObject({ code: 'ERR_TENANT_REVOKED' });
  });

  test('goes on while every read hangs, of which few do so at once', async () => {
    const signals = hangReads(Number.POSITIVE_INFINITY);
    const [done, finish] = settled();
    const work = guard(ACME, NEVER, async (signal) => {
      await done;
      return signal.aborted;
    });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(signals.length).toBeGreaterThan(10);
    expect(signals.filter(({ aborted }) => !aborted).length).toBeLessThanOrEqual(10);
    finish();
    expect(await work).toBe(false);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  test('that does not heed its signal is waited for, and its result stands', async () => {
    const [done, finish] = settled();
    const work = guard(ACME, NEVER, async (signal) => {
      await done;
      return signal.aborted;
    });
    tenants.records.set('acme', REVOKED);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    finish();
    expect(await work).toBe(true);
  });

  test('is aborted by its invocation’s signal with that signal’s reason', async () => {
    const controller = new AbortController();
    const failure = failureOf(
      guard(ACME, controller.signal, async (signal) => {
        await endless(signal).catch(() => undefined);
        throw signal.reason;
      }),
    );
    const reason = new StorageUnavailableError('out of time');
    controller.abort(reason);
    expect(await failure).toBe(reason);
  });
});

describe('a refusal met under guard', () => {
  const REFUSALS = [TenantKeyUnusableError, TenantKeyDeniedError, TenantKeyMisconfiguredError];

  test.each(REFUSALS)('revokes the tenant for all (%#)', async (Refusal) => {
    const refusal = new Refusal('no');
    const failure = await failureOf(guard(ACME, NEVER, async () => await Promise.reject(refusal)));
    expect(failure).toBe(refusal);
    const reason = { name: refusal.code, at: NOW, kekArn: ACME.kekArn };
    const signal = { ...reason, reasons: [reason], proofs: [ACME.signal] };
    expect(tenants.records.get('acme')).toEqual({ ...REVOKED, signal });
    const next = ACME.epoch + 1;
    expect(told.slice(1)).toEqual([
      ['flush', 'acme'],
      ['observe', `acme ${next}`],
      ['revoked', `acme ${next}`],
    ]);
  });

  test('by ten records at once revokes once', async () => {
    const refusal = new TenantKeyDeniedError('no');
    const records = Array.from({ length: 10 }, async () => {
      await failureOf(guard(ACME, NEVER, async () => await Promise.reject(refusal)));
    });
    await Promise.all(records);
    expect(tenants.records.get('acme')?.epoch).toBe(ACME.epoch + 1);
    expect(told.filter(([what]) => what === 'revoked')).toHaveLength(1);
  });

  test('says nothing about an epoch that has come since', async () => {
    const reopened = { ...ACME, epoch: ACME.epoch + 2 };
    tenants.records.set('acme', reopened);
    await failureOf(guard(ACME, NEVER, async () => await Promise.reject(new TenantKeyUnusableError('no'))));
    expect(tenants.records.get('acme')).toEqual(reopened);
  });

  test('is thrown though it cannot be written down', async () => {
    const outage = new StorageUnavailableError('dynamodb:UpdateItem answered nothing');
    tenants.outage = outage;
    const refusal = new TenantKeyDeniedError('no');
    expect(await failureOf(guard(ACME, NEVER, async () => await Promise.reject(refusal)))).toBe(refusal);
    expect(told).toContainEqual(['flush', 'acme']);
    expect(told).toContainEqual(['notRevoked', outage]);
  });

  test('is none when KMS could not be asked', async () => {
    const outage = new KmsUnavailableError('?');
    expect(await failureOf(guard(ACME, NEVER, async () => await Promise.reject(outage)))).toBe(outage);
    expect(tenants.records.get('acme')).toEqual(ACME);
    expect(told).toHaveLength(1);
  });
});

function settled(): [Promise<void>, () => void] {
  const { promise, resolve } = Promise.withResolvers<void>();
  return [promise, resolve];
}

describe('work that meets a refusal of a key that the tenant had before', () => {
  test('fails with it and drops what is cached, and the tenant stays active', async () => {
    const kekArn = ACME.kekArn.replace('9d3ab1c2', '00000000');
    const refusal = new TenantKeyUnusableError('the old key is gone', { kekArn });
    const work = guard(ACME, NEVER, async () => await Promise.reject(refusal));
    expect(await failureOf(work)).toBe(refusal);
    expect(told).toContainEqual(['flush', 'acme']);
    expect(tenants.records.get('acme')).toEqual(ACME);
  });

  test.each(['itself', 'a replica'])(
    'drops what is under that KEK alone, if it is known: %s',
    async (which) => {
      const kekArn = ACME.kekArn.replace('9d3ab1c2', '00000000');
      const replica = kekArn.replace('us-east-1', 'eu-west-1');
      const tenant = { ...ACME, retiredKeks: [{ kekArn, replicaArns: [replica], branchKeyIds: [] }] };
      tenants.records.set('acme', tenant);
      const refusal = new TenantKeyUnusableError('gone', { kekArn: which === 'itself' ? kekArn : replica });
      await failureOf(guard(tenant, NEVER, async () => await Promise.reject(refusal)));
      expect(told.slice(1)).toEqual([['flush', `acme ${kekArn}`]]);
      expect(tenants.records.get('acme')).toEqual(tenant);
    },
  );
});
