/** How far the removals of tenants have come, in the state table. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Removals, removalSchema } from '../offboarding/removal.ts';
import { removalItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

export function dynamoRemovals({ client, name }: StateTable): Removals {
  return {
    async read(tenantId) {
      const command = new GetCommand({ TableName: name, Key: removalItem(tenantId), ConsistentRead: true });
      const { Item } = await storing('dynamodb:GetItem', async () => await client.send(command));
      return Item === undefined ? undefined : removalSchema.parse(Item);
    },
    async write(removal) {
      const Item = { ...removalItem(removal.tenantId), ...removal };
      const command = new PutCommand({ TableName: name, Item });
      await storing('dynamodb:PutItem', async () => await client.send(command));
    },
  };
}
