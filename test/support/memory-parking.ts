/** Parked jobs and leases in memory. */
import type { Leases, ParkedJob, Parking } from '../../shared/ports.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import type { Effects } from './effects.ts';

export interface MemoryParking extends Parking {
  /** Of one tenant, in order of arrival. */
  parkedOf(tenantId: TenantId): readonly ParkedJob[];
}

export interface MemoryLeases extends Leases {
  /** Who has which lease. */
  readonly holders: Map<string, string>;
}

export function memoryParking({ run }: Effects): MemoryParking {
  const byArrival = new Map<string, ParkedJob>();
  function parkedOf(tenantId: TenantId): readonly ParkedJob[] {
    return [...byArrival.values()]
      .filter(({ job }) => job.tenantId === tenantId)
      .toSorted((one, other) => (one.arrival < other.arrival ? -1 : 1));
  }
  return {
    parkedOf,
    park: async (parked) => await run('parking.park', () => void byArrival.set(parked.arrival, parked)),
    oldest: async (tenantId, limit) => await run('parking.oldest', () => parkedOf(tenantId).slice(0, limit)),
    count: async (tenantId) => await run('parking.count', () => parkedOf(tenantId).length),
    remove: async (parked) =>
      await run('parking.remove', () => {
        for (const { arrival } of parked) byArrival.delete(arrival);
      }),
  };
}

/** Leases that nobody outlives: a sandbox that dies loses what it held. */
export function memoryLeases({ run }: Effects): MemoryLeases {
  const holders = new Map<string, string>();
  return {
    holders,
    hold: async (lease, holder) =>
      await run('leases.hold', () => {
        if ((holders.get(lease) ?? holder) !== holder) return false;
        holders.set(lease, holder);
        return true;
      }),
    release: async (lease, holder) =>
      await run('leases.release', () => {
        if (holders.get(lease) === holder) holders.delete(lease);
      }),
  };
}
