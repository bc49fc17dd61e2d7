/**
 * The materials cache of one sandbox. Each tenant has a partition, which is dropped as soon as the tenant's epoch
 * changes. The keys of all `pooled` tenants share one bound, so a busy tenant may push out the keys of a quiet one. A
 * `dedicated` tenant has a bound of its own. Each tenant's settings say how long its keys live.
 */
import type { Tenant } from '../../tenant/tenant.ts';
import type { TenantId } from '../../tenant/tenant-id.ts';
import { Epochs } from './epochs.ts';
import { type Clock, systemClock } from './key-age.ts';
import { KeptKeys } from './kept-keys.ts';
import { type CacheEvent, Partition, type PartitionTenant } from './partition.ts';

export interface MaterialsCache {
  /** The clock that tells the age of keys. */
  readonly clock: Clock;
  /** Drops and zeroes the keys of earlier epochs of the tenant. Every fresh read of a tenant must come here. */
  observe(tenant: Pick<Tenant, 'tenantId' | 'epoch'>): void;
  /** Drops and zeroes every cached key of the tenant; with `kekArn` only those under that KEK. */
  flush(tenantId: TenantId, kekArn?: string): void;
  /**
   * Observes the tenant and returns its partition. The partition is empty for good once it is flushed or the tenant is
   * seen in a later epoch.
   */
  partition(tenant: PartitionTenant): Partition;
}

/** Options of the cache. `maxMessages` and `maxBytes` can be lowered, not raised. */
export interface CacheOptions {
  readonly clock?: Clock;
  /**
   * Keys of all pooled tenants together, and of each dedicated one. Default 10,000; the least recently used goes first.
   */
  readonly maxKeys?: number;
  /** Messages that one DEK protects. Default and maximum: 2^20. */
  readonly maxMessages?: number;
  /** Bytes of plaintext that one DEK protects. Default and maximum: 256 GiB. */
  readonly maxBytes?: number;
  readonly onEvent?: (event: CacheEvent) => void;
}

const MAX_KEYS = 10_000;
const MAX_MESSAGES = 2 ** 20;
const MAX_BYTES = 2 ** 38;

export function materialsCache(options: CacheOptions = {}): MaterialsCache {
  const { clock = systemClock, onEvent = () => undefined } = options;
  const keepers = keepersOf(() => new KeptKeys(options.maxKeys ?? MAX_KEYS, clock));
  const maxMessages = Math.min(options.maxMessages ?? MAX_MESSAGES, MAX_MESSAGES);
  const maxBytes = Math.min(options.maxBytes ?? MAX_BYTES, MAX_BYTES);
  const sandbox = { clock, maxMessages, maxBytes, onEvent };
  const epochs = new Epochs();

  function drop(tenantId: TenantId, kekArn?: string): void {
    const dropped = keepers.drop(tenantId, kekArn);
    if (dropped > 0) onEvent({ name: 'flush', keys: dropped });
  }

  function observe(tenant: Pick<Tenant, 'tenantId' | 'epoch'>): void {
    if (epochs.observe(tenant)) drop(tenant.tenantId);
  }

  return {
    clock,
    observe,
    flush(tenantId, kekArn) {
      epochs.endPeriods(tenantId, kekArn);
      drop(tenantId, kekArn);
    },
    partition(tenant) {
      observe(tenant);
      return new Partition(tenant, epochs.periodOf(tenant), { ...sandbox, keys: keepers.of(tenant) });
    },
  };
}

/** The stores of cached keys: one for all pooled tenants together, and one for each dedicated tenant. */
interface Keepers {
  of(tenant: PartitionTenant): KeptKeys;
  /** Drops the tenant's keys. Returns how many there were. */
  drop(tenantId: TenantId, kekArn?: string): number;
}

function keepersOf(newKeeper: () => KeptKeys): Keepers {
  const pooled = newKeeper();
  const dedicated = new Map<TenantId, KeptKeys>();
  return {
    of({ tenantId, isolation }) {
      if (isolation === 'pooled') return pooled;
      const own = dedicated.get(tenantId) ?? newKeeper();
      dedicated.set(tenantId, own);
      return own;
    },
    // A tenant's isolation may have changed, so its keys may be in both stores.
    drop: (tenantId, kekArn) =>
      pooled.dropTenant(tenantId, kekArn) + (dedicated.get(tenantId)?.dropTenant(tenantId, kekArn) ?? 0),
  };
}
