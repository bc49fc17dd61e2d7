/** When a key was last heard of, in the state table. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Hearings } from '../ports.ts';
import { succeeds } from './conditional-write.ts';
import { heardItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';

/** A busy key must not cost a write per event. */
const NOTE_EVERY_MS = 3_600_000;

const itemSchema = z.object({ heardAt: z.iso.datetime() });

export function dynamoHearings(table: StateTable): Hearings {
  return {
    note: async (kekArn, at) =>
      await storing('dynamodb:PutItem', async () => {
        await note(table, kekArn, at);
      }),
    last: async (kekArn) => await storing('dynamodb:GetItem', async () => await last(table, kekArn)),
  };
}

async function note({ client, name }: StateTable, kekArn: string, at: Date): Promise<void> {
  const command = new PutCommand({
    TableName: name,
    Item: { ...heardItem(kekArn), heardAt: at.toISOString() },
    // A time far in the future, and what is no time at all, is none of ours.
    ConditionExpression: 'attribute_not_exists(pk) OR NOT heardAt BETWEEN :before AND :after',
    ExpressionAttributeValues: {
      ':before': new Date(at.getTime() - NOTE_EVERY_MS).toISOString(),
      ':after': new Date(at.getTime() + NOTE_EVERY_MS).toISOString(),
    },
  });
  await succeeds(client.send(command));
}

async function last({ client, name }: StateTable, kekArn: string): Promise<string | undefined> {
  const command = new GetCommand({ TableName: name, Key: heardItem(kekArn), ConsistentRead: true });
  const { Item } = await client.send(command);
  // Of a row that says no time nobody can tell that events reach us.
  return itemSchema.safeParse(Item).data?.heardAt;
}
