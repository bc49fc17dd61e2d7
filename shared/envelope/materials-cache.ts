/**
 * The materials cache of one sandbox: a partition per tenant, dropped as soon as the tenant's epoch changes. The keys of
 * all `pooled` tenants share one bound, so a busy tenant may push a quiet one's out; a `dedicated` tenant has a bound of
 * its own, and its keys live as long as its own settings say.
 */
import type { Tenant } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { type Clock, systemClock } from './key-age.ts';
import { KeptKeys } from './kept-keys.ts';
import { type CacheEvent, Partition, type PartitionTenant, type Period } from './partition.ts';

export interface MaterialsCache {
  /** What ages are told by. */
  readonly clock: Clock;
  /** Call with every fresh read of a tenant: drops, zeroed, whatever was cached in an earlier epoch of it. */
  observe(tenant: Pick<Tenant, 'tenantId' | 'epoch'>): void;
  /** Drops every cached key of the tenant, zeroed. */
  flush(tenantId: TenantId): void;
  /** Observes the tenant too. Empty for good once the tenant is flushed or seen in a later epoch. */
  partition(tenant: PartitionTenant): Partition;
}

/** The caps may be lowered, not raised. */
export interface CacheOptions {
  readonly clock?: Clock;
  /** Of all pooled tenants together, and of each dedicated one. Default 10,000; the least recently used goes first. */
  readonly maxKeys?: number;
  /** How many messages one DEK protects. Default and most: 2^20. */
  readonly maxMessages?: number;
  /** How many bytes one DEK protects. Default and most: 256 GiB. */
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
  const periods = new Map<TenantId, Period>();

  function begin(tenantId: TenantId, epoch: number): Period {
    const period = { epoch, loads: new Map(), isOver: () => periods.get(tenantId) !== period };
    periods.set(tenantId, period);
    return period;
  }

  function flush(tenantId: TenantId, epoch: number): void {
    begin(tenantId, epoch);
    const dropped = keepers.dropTenant(tenantId);
    if (dropped > 0) onEvent({ name: 'flush', keys: dropped });
  }

  /** An epoch only grows: whoever saw a lower one read the tenant earlier. */
  function observed({ tenantId, epoch }: Pick<Tenant, 'tenantId' | 'epoch'>): Period {
    const known = periods.get(tenantId) ?? begin(tenantId, epoch);
    if (epoch > known.epoch) flush(tenantId, epoch);
    return periods.get(tenantId) ?? known;
  }

  return {
    clock,
    observe: (tenant) => void observed(tenant),
    flush: (tenantId) => flush(tenantId, periods.get(tenantId)?.epoch ?? 0),
    partition(tenant) {
      const period = observed(tenant);
      const over = { epoch: tenant.epoch, loads: new Map(), isOver: () => true };
      const keys = keepers.of(tenant);
      return new Partition(tenant, period.epoch === tenant.epoch ? period : over, { ...sandbox, keys });
    },
  };
}

/** Who keeps whose keys. */
interface Keepers {
  of(tenant: PartitionTenant): KeptKeys;
  dropTenant(tenantId: TenantId): number;
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
    // From both: a tenant may have changed over.
    dropTenant: (tenantId) =>
      pooled.dropTenant(tenantId) + (dedicated.get(tenantId)?.dropTenant(tenantId) ?? 0),
  };
}
