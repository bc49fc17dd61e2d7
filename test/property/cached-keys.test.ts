/**
 * Tries the materials cache in random histories: messages want keys, KMS answers late or fails, keys are flushed, epochs
 * change, and clocks move. After every step no key is used that may not be used.
 */
import {
  EncryptedDataKey,
  KeyringTraceFlag,
  NodeAlgorithmSuite,
  NodeEncryptionMaterial,
  unwrapDataKey,
} from '@aws-crypto/client-node';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ENCRYPTION, type MaterialKind } from '../../shared/envelope/cache/kept-material.ts';
import { materialsCache } from '../../shared/envelope/cache/materials-cache.ts';
import type { FetchedKey, ObtainedKey } from '../../shared/envelope/cache/obtained-key.ts';
import type { PartitionTenant } from '../../shared/envelope/cache/partition.ts';
import { SUITE } from '../../shared/envelope/message/suite.ts';
import { idle } from '../support/cached-keys.ts';
import { heldClock } from '../support/held-clock.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const MAX_MESSAGES = 2;
const MAX_BYTES = 30_000_010;
const BYTES_PER_MS = 4_194;
const KEKS = [ACME.kekArn, GLOBEX.kekArn];
const TENANTS = [ACME, GLOBEX].map(({ tenantId }) => tenantId);

const who = { tenant: fc.nat(1), kek: fc.nat(1) };
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('want' as const),
      ...who,
      name: fc.constantFrom('a', 'b'),
      bytes: fc.constantFrom(10, 10, 10, 30_000_000, 200_000_000),
      ageSeconds: fc.constantFrom(10, 10, 5, 0),
      isLate: fc.constantFrom(false, false, false, true),
      isolation: fc.constantFrom('pooled' as const, 'pooled' as const, 'dedicated' as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('answer' as const), at: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), at: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 1_000, 4_000, 8_000),
      hand: fc.constantFrom(
        'advance' as const,
        'advance' as const,
        'advanceWall' as const,
        'advanceMonotonic' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const), ...who, one: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('observe' as const), ...who }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Want = Extract<Step, { readonly do: 'want' }>;

/** One call of KMS, and the key that came of it. */
interface Fetch {
  readonly id: string;
  readonly period: number;
  readonly wanted: Want;
  readonly askedAt: Instant;
  /** True when messages that miss the same key wait for this call. */
  readonly isJoinable: boolean;
  readonly settle: (outcome: 'answer' | 'fail') => void;
  isPending: boolean;
  material?: NodeEncryptionMaterial;
  isOwned: boolean;
  messages: number;
  bytes: number;
}

interface Instant {
  readonly wall: number;
  readonly mono: number;
}

/** A sandbox with the cache, and everything that is true of its keys. */
function makeWorld() {
  const clock = heldClock();
  const cache = materialsCache({ clock, maxKeys: 3, maxMessages: MAX_MESSAGES, maxBytes: MAX_BYTES });
  const fetches: Fetch[] = [];
  const copies: { readonly of: Fetch; isZeroed: boolean }[] = [];
  const found: { readonly fetch: Fetch; readonly wanted: Want; readonly key: ObtainedKey<unknown> }[] = [];
  const epochs = [1, 1];
  // The cache has heard of the present epochs, so it knows that an earlier one is over.
  for (const tenantId of TENANTS) cache.observe({ tenantId, epoch: 1 });
  /** The number of times that the keys of a tenant under a KEK were dropped. */
  const periods = [0, 0, 0, 0];
  const outcomes: Promise<unknown>[] = [];
  let isWanting = false;

  const now = (): Instant => ({ wall: clock.wallMs(), mono: clock.monotonicMs() });
  const ageOf = ({ askedAt }: Fetch): number =>
    Math.max(now().wall - askedAt.wall, now().mono - askedAt.mono);
  const idOf = (wanted: Want): string => `${slot(wanted)} ${wanted.name}`;
  const epochOf = (tenant: number): number => epochs[tenant] ?? 0;
  const periodOf = (of: { tenant: number; kek: number }): number => periods[slot(of)] ?? 0;

  function end(tenant: number, kek?: number): void {
    for (const each of kek === undefined ? [0, 1] : [kek])
      periods[slot({ tenant, kek: each })] = periodOf({ tenant, kek: each }) + 1;
  }
  function dekOf(material: NodeEncryptionMaterial): Fetch | undefined {
    return fetches[Buffer.from(unwrapDataKey(material.getUnencryptedDataKey())).readUInt32BE(0) - 1];
  }
  const kind: MaterialKind<NodeEncryptionMaterial> = {
    ...ENCRYPTION,
    keep(material) {
      const kept = ENCRYPTION.keep(material);
      const of = dekOf(material);
      if (of === undefined || kept.kind !== 'encryption') throw new Error('a key that nobody fetched');
      const copy = { of, isZeroed: false };
      copies.push(copy);
      return {
        ...kept,
        zero() {
          copy.isZeroed = true;
          kept.zero();
        },
      };
    },
  };

  async function fetchFor(wanted: Want): Promise<FetchedKey<NodeEncryptionMaterial>> {
    const { promise, resolve, reject } = Promise.withResolvers<FetchedKey<NodeEncryptionMaterial>>();
    const isJoinable = isWanting && !wanted.isLate;
    const period = periodOf(wanted);
    const same = fetches.filter((one) => one.isPending && one.isJoinable && one.id === idOf(wanted));
    if (isJoinable) expect(same.filter((one) => one.period === period)).toEqual([]);
    const fetch: Fetch = {
      id: idOf(wanted),
      period,
      wanted,
      askedAt: now(),
      isJoinable,
      isPending: true,
      isOwned: false,
      messages: 0,
      bytes: 0,
      settle(outcome) {
        fetch.isPending = false;
        if (outcome === 'fail') return reject(new Error('KMS failed'));
        fetch.material = materialOf(fetches.indexOf(fetch) + 1);
        return resolve({ material: fetch.material, kmsRequestId: undefined });
      },
    };
    fetches.push(fetch);
    return await promise;
  }

  async function want(wanted: Want): Promise<void> {
    const { tenant, kek, name, bytes, ageSeconds, isolation } = wanted;
    const epoch = epochOf(tenant) - (wanted.isLate ? 1 : 0);
    const read: PartitionTenant = {
      ...ACME,
      tenantId: TENANTS[tenant] ?? ACME.tenantId,
      kekArn: KEKS[kek] ?? '',
      maxKeyAgeSeconds: ageSeconds,
      isolation,
      epoch,
    };
    const key = await cache.partition(read).obtain({ name, kind, bytes, fetch: () => fetchFor(wanted) });
    const fetch = dekOf(key.material);
    if (fetch === undefined) throw new Error('the key is none that KMS answered, or it was zeroed');
    fetch.messages += 1;
    fetch.bytes += bytes;
    if (key.cached === undefined) {
      expect([fetch.material === key.material, fetch.isOwned]).toEqual([true, false]);
      fetch.isOwned = true;
      return;
    }
    expect([fetch.id, fetch.period, epoch]).toEqual([idOf(wanted), periodOf(wanted), epochOf(tenant)]);
    const limitMs = 1_000 * Math.min(ageSeconds, fetch.wanted.ageSeconds);
    expect(ageOf(fetch) + bytes / BYTES_PER_MS).toBeLessThan(limitMs);
    expect(fetch.messages).toBeLessThanOrEqual(MAX_MESSAGES);
    expect(fetch.bytes).toBeLessThanOrEqual(MAX_BYTES);
    found.push({ fetch, wanted, key });
  }

  function take(one: Step): void {
    const pending = fetches.filter(({ isPending }) => isPending);
    if (one.do === 'want') outcomes.push(unlessKmsFailed(want(one)));
    else if (one.do === 'wait') clock[one.hand](one.ms);
    else if (one.do === 'answer' || one.do === 'fail') pending[one.at % pending.length]?.settle(one.do);
    else if (one.do === 'flush') {
      end(one.tenant, one.one ? one.kek : undefined);
      cache.flush(TENANTS[one.tenant] ?? ACME.tenantId, one.one ? KEKS[one.kek] : undefined);
    } else {
      end(one.tenant);
      epochs[one.tenant] = epochOf(one.tenant) + 1;
      cache.observe({ tenantId: TENANTS[one.tenant] ?? ACME.tenantId, epoch: epochOf(one.tenant) });
    }
  }

  /** Checks what is true at any time: a dropped key is zeroed, and no message goes on with a key that is over. */
  function check(): void {
    for (const { of, isZeroed } of copies) if (of.period !== periodOf(of.wanted)) expect(isZeroed).toBe(true);
    for (const { fetch, wanted, key } of found) {
      const limitMs = 1_000 * Math.min(wanted.ageSeconds, fetch.wanted.ageSeconds);
      const isOver = fetch.period !== periodOf(wanted);
      const state = ageOf(fetch) < limitMs ? 'usable' : 'expired';
      expect(key.cached?.state()).toBe(isOver ? 'flushed' : state);
    }
  }

  return {
    async do(one: Step): Promise<void> {
      isWanting = one.do === 'want';
      take(one);
      await idle();
      isWanting = false;
      check();
    },
    /** Answers every call, drops every key, and checks that nobody waits and no plaintext key is left. */
    async finish(): Promise<void> {
      while (fetches.some(({ isPending }) => isPending)) {
        for (const fetch of fetches) if (fetch.isPending) fetch.settle('answer');
        await idle();
      }
      await Promise.all(outcomes);
      for (const tenant of [0, 1]) await this.do({ do: 'flush', tenant, kek: 0, one: false });
      expect(copies.filter(({ isZeroed }) => !isZeroed)).toEqual([]);
      for (const { material, isOwned } of fetches)
        if (!isOwned) expect(material?.hasUnencryptedDataKey ?? false).toBe(false);
    },
  };
}

/** Lets a message fail as KMS did, and in no other way. */
async function unlessKmsFailed(message: Promise<void>): Promise<void> {
  const failure: unknown = await message.catch((error: unknown) => error);
  if (failure instanceof Error && failure.message !== 'KMS failed') throw failure;
}

/** Returns the index of the tenant's KEK. */
function slot({ tenant, kek }: { readonly tenant: number; readonly kek: number }): number {
  return 2 * tenant + kek;
}

/** Makes a DEK that begins with its number, which is not 0. */
function materialOf(number: number): NodeEncryptionMaterial {
  const dek = new Uint8Array(32);
  new DataView(dek.buffer).setUint32(0, number);
  const names = { keyNamespace: 'aws-kms', keyName: ACME.kekArn };
  const wrapped = { providerId: 'aws-kms', providerInfo: ACME.kekArn, encryptedDataKey: new Uint8Array(8) };
  const { WRAPPING_KEY_GENERATED_DATA_KEY, WRAPPING_KEY_ENCRYPTED_DATA_KEY } = KeyringTraceFlag;
  return new NodeEncryptionMaterial(new NodeAlgorithmSuite(SUITE.id), {})
    .setUnencryptedDataKey(dek, { ...names, flags: WRAPPING_KEY_GENERATED_DATA_KEY })
    .addEncryptedDataKey(new EncryptedDataKey(wrapped), WRAPPING_KEY_ENCRYPTED_DATA_KEY);
}

test('a cached key serves its own tenant, KEK and name, in its time, within its caps, and is zeroed then', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const world = makeWorld();
      for (const one of steps) await world.do(one);
      await world.finish();
    }),
    { numRuns: Number(process.env['SEALSTREAM_RUNS'] ?? 100) },
  );
});
