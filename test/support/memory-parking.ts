/** Parked jobs and leases in memory. Rows are judged when they are read, as shared/aws/dynamo-parking.ts does. */
import { parseParked, setAside } from '../../shared/aws/parked-row.ts';
import { parkedItem } from '../../shared/aws/state-keys.ts';
import { JobInvalidError } from '../../shared/errors.ts';
import type { Leases } from '../../shared/ports/leases.ts';
import type { ParkedJob, Parking } from '../../shared/ports/parking.ts';
import type { Rejection } from '../../shared/ports/state.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import type { Effects } from './effects.ts';

export interface MemoryParking extends Parking {
  /** Returns the jobs of one tenant, in order of arrival. */
  parkedOf(tenantId: TenantId): readonly ParkedJob[];
  /** Writes a row among the tenant's parked jobs. */
  plant(tenantId: TenantId, arrival: string, job: string): void;
  /** Returns true when there is such a row. */
  holds(tenantId: TenantId, arrival: string): boolean;
}

export interface MemoryLeases extends Leases {
  /** The holders by lease. */
  readonly holders: Map<string, string>;
}

interface ParkedRow {
  readonly pk: string;
  readonly sk: string;
  readonly job: string;
}

/** @param reject is given each row that is no job of its tenant, when it is set aside. Default: nobody is. */
export function memoryParking(
  { run }: Effects,
  reject: (rejection: Rejection) => void = () => undefined,
): MemoryParking {
  const rows = new Map<string, ParkedRow>();
  function plant(tenantId: TenantId, arrival: string, job: string): void {
    rows.set(nameOf(tenantId, arrival), { ...parkedItem(tenantId, arrival), job });
  }
  function rowsOf(tenantId: TenantId): readonly ParkedRow[] {
    const { pk } = parkedItem(tenantId, '');
    return [...rows.values()]
      .filter((row) => row.pk === pk)
      .toSorted((one, other) => (one.sk < other.sk ? -1 : 1));
  }
  function parkedOf(tenantId: TenantId): readonly ParkedJob[] {
    return rowsOf(tenantId)
      .map((row) => parkedIn(row, tenantId))
      .filter((parked) => 'arrival' in parked);
  }
  /** Reads the first rows. Rows that are no jobs are moved aside, until there is a job among them or no row is left. */
  function oldest(tenantId: TenantId, limit: number): readonly ParkedJob[] {
    for (;;) {
      const first = rowsOf(tenantId).slice(0, limit);
      const read = first.map((row) => ({ row, parked: parkedIn(row, tenantId) }));
      for (const { row, parked } of read) if (!('arrival' in parked)) moveAside(row, tenantId, parked);
      const jobs = read.map(({ parked }) => parked).filter((parked) => 'arrival' in parked);
      if (jobs.length > 0 || first.length === 0) return jobs;
    }
  }
  function moveAside(row: ParkedRow, tenantId: TenantId, error: JobInvalidError): void {
    reject(setAside(row, error, new Date()).rejection);
    rows.delete(nameOf(tenantId, row.sk));
  }
  return {
    parkedOf,
    plant,
    holds: (tenantId, arrival) => rows.has(nameOf(tenantId, arrival)),
    park: async ({ job, arrival }) =>
      await run('parking.park', () => plant(job.tenantId, arrival, JSON.stringify(job))),
    oldest: async (tenantId, limit) => await run('parking.oldest', () => oldest(tenantId, limit)),
    count: async (tenantId) => await run('parking.count', () => rowsOf(tenantId).length),
    remove: async (parked) =>
      await run('parking.remove', () => {
        for (const { job, arrival } of parked) rows.delete(nameOf(job.tenantId, arrival));
      }),
  };
}

function nameOf(tenantId: TenantId, arrival: string): string {
  return `${tenantId} ${arrival}`;
}

function parkedIn(row: ParkedRow, tenantId: TenantId): ParkedJob | JobInvalidError {
  try {
    return parseParked(row, tenantId);
  } catch (error) {
    if (error instanceof JobInvalidError) return error;
    throw error;
  }
}

/** Leases that end by the clock, also when their holder is dead. */
export function memoryLeases({ run }: Effects): MemoryLeases {
  const holders = new Map<string, string>();
  const endsMs = new Map<string, number>();
  function isFree(lease: string): boolean {
    return (endsMs.get(lease) ?? Number.POSITIVE_INFINITY) <= Date.now();
  }
  return {
    holders,
    hold: async (lease, holder, seconds) =>
      await run('leases.hold', () => {
        if ((holders.get(lease) ?? holder) !== holder && !isFree(lease)) return false;
        holders.set(lease, holder);
        endsMs.set(lease, Date.now() + seconds * 1000);
        return true;
      }),
    release: async (lease, holder) =>
      await run('leases.release', () => {
        if (holders.get(lease) === holder) holders.delete(lease);
      }),
  };
}
