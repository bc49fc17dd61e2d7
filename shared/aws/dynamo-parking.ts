/**
 * Parked jobs: a partition per tenant, sorted by arrival. They have no time to live, because a key may stay away for
 * months.
 */
import { JobInvalidError } from '../errors.ts';
import type { ParkedJob, Parking, UnreadableRow } from '../ports/parking.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { putRejection } from './dynamo-rejections.ts';
import { parseParked, type SetAside, setAside } from './parked-row.ts';
import { parkedItem, parkedPartition } from './state-keys.ts';
import type { Query } from './expressions.ts';
import type { Table } from './table.ts';

/** Implements the port Parking. `report` is told of each row that was set aside. Default: nobody is told. */
export function dynamoParking(table: Table, report: (row: UnreadableRow) => void = () => undefined): Parking {
  return {
    async park({ job, arrival }) {
      await table.put({ ...parkedItem(job.tenantId, arrival), job: JSON.stringify(job) });
    },
    async oldest(tenantId, limit) {
      // Each turn that finds no job sets rows aside, so the loop ends.
      for (;;) {
        const rows = await table.page({ ...parkedOf(tenantId), pageItems: limit });
        const parked: ParkedJob[] = [];
        for (const row of rows) {
          const read = readParked(row, tenantId);
          if ('arrival' in read) parked.push(read);
          else report(await moveAside(table, setAside(row, read, new Date())));
        }
        if (parked.length > 0 || rows.length === 0) return parked;
      }
    },
    count: async (tenantId) => await table.count(parkedOf(tenantId)),
    async remove(parked) {
      await table.deleteAll(parked.map(({ job, arrival }) => parkedItem(job.tenantId, arrival)));
    },
  };
}

function parkedOf(tenantId: TenantId): Query {
  return { where: 'pk = :pk', values: { pk: parkedPartition(tenantId) } };
}

function readParked(row: unknown, tenantId: TenantId): ParkedJob | JobInvalidError {
  try {
    return parseParked(row, tenantId);
  } catch (error) {
    if (error instanceof JobInvalidError) return error;
    throw error;
  }
}

/** Records the row before it is deleted: if the work stops in between, the row is in both places, and never in none. */
async function moveAside(table: Table, { key, rejection, told }: SetAside): Promise<UnreadableRow> {
  await putRejection(table, rejection);
  await table.deleteAll([key]);
  return told;
}
