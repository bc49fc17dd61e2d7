/** Parked jobs: a partition per tenant, sorted by arrival. They have no time to live; a key may stay away for months. */
import { paginateQuery, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { JobInvalidError } from '../errors.ts';
import type { ParkedJob, Parking, UnreadableRow } from '../ports/parking.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { deleteItems } from './delete-items.ts';
import { putRejection } from './dynamo-rejections.ts';
import { parseParked, type SetAside, setAside } from './parked-row.ts';
import { parkedItem, parkedPartition, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** `report` is told of each row that was set aside. Default: nobody is. */
export function dynamoParking(
  table: StateTable,
  report: (row: UnreadableRow) => void = () => undefined,
): Parking {
  return {
    async park({ job, arrival }) {
      const Item = { ...parkedItem(job.tenantId, arrival), job: JSON.stringify(job) };
      const command = new PutCommand({ TableName: table.name, Item });
      await storing('dynamodb:PutItem', async () => await table.client.send(command));
    },
    oldest: async (tenantId, limit) => await oldest(table, tenantId, limit, report),
    count: async (tenantId) => await countOf(table, tenantId),
    async remove(parked) {
      const keys = parked.map(({ job, arrival }) => ({ ...parkedItem(job.tenantId, arrival) }));
      await deleteItems(table, keys);
    },
  };
}

/** Each turn without a job sets rows aside, so it ends. */
async function oldest(
  table: StateTable,
  tenantId: TenantId,
  limit: number,
  report: (row: UnreadableRow) => void,
): Promise<readonly ParkedJob[]> {
  for (;;) {
    const rows = await storing('dynamodb:Query', async () => await firstRows(table, tenantId, limit));
    const parked: ParkedJob[] = [];
    for (const row of rows) {
      const read = readParked(row, tenantId);
      if ('arrival' in read) parked.push(read);
      else await moveAside(table, setAside(row, read, new Date()), report);
    }
    if (parked.length > 0 || rows.length === 0) return parked;
  }
}

async function firstRows(
  { client, name }: StateTable,
  tenantId: TenantId,
  limit: number,
): Promise<readonly unknown[]> {
  const command = new QueryCommand({
    TableName: name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': parkedPartition(tenantId) },
    ConsistentRead: true,
    Limit: limit,
  });
  return (await client.send(command)).Items ?? [];
}

function readParked(row: unknown, tenantId: TenantId): ParkedJob | JobInvalidError {
  try {
    return parseParked(row, tenantId);
  } catch (error) {
    if (error instanceof JobInvalidError) return error;
    throw error;
  }
}

/** Recorded before it is deleted: whatever fails in between, it is in one of both places. */
async function moveAside(
  table: StateTable,
  { key, rejection, told }: SetAside,
  report: (row: UnreadableRow) => void,
): Promise<void> {
  await putRejection(table, rejection);
  await deleteItems(table, [{ ...key }]);
  report(told);
}

async function countOf({ client, name }: StateTable, tenantId: TenantId): Promise<number> {
  const query = {
    TableName: name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': parkedPartition(tenantId) },
    ConsistentRead: true,
    Select: 'COUNT' as const,
  };
  return await storing('dynamodb:Query', async () => {
    let jobs = 0;
    for await (const { Count = 0 } of paginateQuery({ client }, query)) jobs += Count;
    return jobs;
  });
}
