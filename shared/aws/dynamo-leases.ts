/** Leases: one item each, written only over nothing, over the same holder, or over one whose time is up. */
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Leases } from '../ports/leases.ts';
import { succeeds } from './conditional-write.ts';
import { expiresAt, leaseItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

export function dynamoLeases({ client, name }: StateTable): Leases {
  return {
    async hold(lease, holder, seconds) {
      const command = new PutCommand({
        TableName: name,
        Item: { ...leaseItem(lease), holder, expiresAt: expiresAt(seconds) },
        ConditionExpression: 'attribute_not_exists(pk) OR holder = :holder OR expiresAt < :now',
        ExpressionAttributeValues: { ':holder': holder, ':now': expiresAt(0) },
      });
      return await storing('dynamodb:PutItem', async () => await succeeds(client.send(command)));
    },
    async release(lease, holder) {
      const command = new DeleteCommand({
        TableName: name,
        Key: leaseItem(lease),
        ConditionExpression: 'holder = :holder',
        ExpressionAttributeValues: { ':holder': holder },
      });
      await storing('dynamodb:DeleteItem', async () => await succeeds(client.send(command)));
    },
  };
}
