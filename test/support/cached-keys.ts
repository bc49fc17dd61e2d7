/** A sandbox that caches DEKs, over a KMS stand-in and a held clock. It keeps every key use and every cache event. */
import { type Kek, type Keys, kekOf } from '../../shared/envelope/kms/kek.ts';
import type { DecryptRequest, GenerateDataKeyRequest } from '../../shared/ports/kms.ts';
import type { KeyUse } from '../../shared/envelope/kms/key-use.ts';
import { type CacheOptions, materialsCache } from '../../shared/envelope/cache/materials-cache.ts';
import type { CacheEvent } from '../../shared/envelope/cache/partition.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { heldClock, type HeldClock } from './held-clock.ts';
import { memoryKeyStore } from './memory-key-store.ts';
import type { KmsStandIn } from './kms-stand-in.ts';
import { ACME, GLOBEX, kmsOfBoth } from './tenants.ts';

export const CACHED_ACME: Tenant = { ...ACME, keyMode: 'cached' };
export const CACHED_GLOBEX: Tenant = { ...GLOBEX, keyMode: 'cached' };

export interface CachedKeys {
  readonly kms: KmsStandIn;
  readonly clock: HeldClock;
  readonly keys: Keys;
  readonly uses: readonly KeyUse[];
  readonly events: readonly CacheEvent[];
  /** Returns a tenant's KEK. Default: acme, in keyMode `cached`, in epoch 7, with keys at most 60 s old. */
  readonly kek: (tenant?: Partial<Tenant>) => Kek;
}

export function cachedKeys(options: CacheOptions = {}, kms: KmsStandIn = kmsOfBoth()): CachedKeys {
  const clock = heldClock();
  const uses: KeyUse[] = [];
  const events: CacheEvent[] = [];
  const cache = materialsCache({ clock, onEvent: (event) => void events.push(event), ...options });
  const keys: Keys = {
    kms,
    branchKeys: memoryKeyStore().table,
    cache,
    recordUse: (use) => void uses.push(use),
  };
  return { kms, clock, keys, uses, events, kek: (tenant) => kekOf({ ...CACHED_ACME, ...tenant }, keys) };
}

export interface HeldAnswers {
  /** Counts the calls that were held back so far. */
  readonly asked: () => number;
  /** Answers all of them now, and every later call at once. */
  readonly release: () => void;
}

/** Holds back the answers of KMS from now on. */
export function holdAnswers(kms: KmsStandIn): HeldAnswers {
  const free = { ...kms };
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  async function held<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    asked += 1;
    await promise;
    return await ask();
  }
  Object.assign(kms, {
    generateDataKey: async (request: GenerateDataKeyRequest) =>
      await held(async () => await free.generateDataKey(request)),
    decrypt: async (request: DecryptRequest) => await held(async () => await free.decrypt(request)),
  });
  return { asked: () => asked, release: resolve };
}

/** Waits until work in the background is done: the stand-in answers within a turn or two of the event loop. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
}
