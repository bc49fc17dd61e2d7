/** Parked jobs: a partition per tenant, sorted by arrival. They have no time to live; a key may stay away for months. */
import { paginateQuery, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { parseJob } from '../chunk/job.ts';
import type { ParkedJob, Parking } from '../ports.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { deleteItems } from './delete-items.ts';
import { parkedItem, parkedPartition, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** The job is kept as its message's body, so that what goes back on the queue is what came from it. */
const itemSchema = z.object({ sk: z.string(), job: z.string() });

export function dynamoParking(table: StateTable): Parking {
  return {
    async park({ job, arrival }) {
      const Item = { ...parkedItem(job.tenantId, arrival), job: JSON.stringify(job) };
      const command = new PutCommand({ TableName: table.name, Item });
      await storing('dynamodb:PutItem', async () => await table.client.send(command));
    },
    oldest: async (tenantId, limit) =>
      await storing('dynamodb:Query', async () => await oldest(table, tenantId, limit)),
    count: async (tenantId) => await countOf(table, tenantId),
    async remove(parked) {
      const keys = parked.map(({ job, arrival }) => ({ ...parkedItem(job.tenantId, arrival) }));
      await deleteItems(table, keys);
    },
  };
}

async function oldest(
  { client, name }: StateTable,
  tenantId: TenantId,
  limit: number,
): Promise<readonly ParkedJob[]> {
  const command = new QueryCommand({
    TableName: name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': parkedPartition(tenantId) },
    ConsistentRead: true,
    Limit: limit,
  });
  const { Items = [] } = await client.send(command);
  return Items.map((item) => {
    const { sk, job } = itemSchema.parse(item);
    return { job: parseJob(job), arrival: sk };
  });
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
