/** A sandbox that caches DEKs: over a KMS stand-in and a held clock, every key use and cache event kept. */
import { type Kek, type Keys, kekOf } from '../../shared/envelope/kek.ts';
import type { KeyUse } from '../../shared/envelope/key-use.ts';
import { type CacheOptions, materialsCache } from '../../shared/envelope/materials-cache.ts';
import type { CacheEvent } from '../../shared/envelope/partition.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { heldClock, type HeldClock } from './held-clock.ts';
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
  /** Default: acme, in keyMode `cached`, in epoch 7, keys 60 s old at most. */
  readonly kek: (tenant?: Partial<Tenant>) => Kek;
}

export function cachedKeys(options: CacheOptions = {}, kms: KmsStandIn = kmsOfBoth()): CachedKeys {
  const clock = heldClock();
  const uses: KeyUse[] = [];
  const events: CacheEvent[] = [];
  const cache = materialsCache({ clock, onEvent: (event) => void events.push(event), ...options });
  const keys: Keys = { kms, cache, recordUse: (use) => void uses.push(use) };
  return { kms, clock, keys, uses, events, kek: (tenant) => kekOf({ ...CACHED_ACME, ...tenant }, keys) };
}
