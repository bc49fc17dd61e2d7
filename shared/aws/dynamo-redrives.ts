/** How far the search for stuck uploads is, and which it has re-driven when. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { ObjectId } from '../chunk/object-id.ts';
import type { Redrive, Redrives, VersionMarker } from '../ports.ts';
import { missingChunks } from './dynamo-receipts.ts';
import { expiresAt, type ItemKey, redriveItem, redriveMarkerItem, type StateTable } from './state-table.ts';
import { succeeds } from './conditional-write.ts';
import { storing } from './storage-failure.ts';

/** Longer than the longest wait between two redrives of an upload. */
const REDRIVE_SECONDS = 7 * 86_400;

const redriveSchema: z.ZodType<Redrive> = z.object({
  times: z.int().min(1),
  at: z.iso.datetime(),
  generation: z.int().min(0).optional(),
});
const markerSchema = z.object({ marker: z.object({ key: z.string(), versionId: z.string() }).optional() });

export function dynamoRedrives(table: StateTable): Redrives {
  return {
    async marker(): Promise<VersionMarker | undefined> {
      return markerSchema.parse((await read(table, redriveMarkerItem)) ?? {}).marker;
    },
    async keepMarker(marker) {
      const command = new PutCommand({ TableName: table.name, Item: { ...redriveMarkerItem, marker } });
      await storing('dynamodb:PutItem', async () => await table.client.send(command));
    },
    async lastOf(objectId) {
      const item = await read(table, redriveItem(objectId));
      return item === undefined ? undefined : redriveSchema.parse(item);
    },
    note: async (objectId, last, next) =>
      await storing('dynamodb:PutItem', async () => await note(table, objectId, last, next)),
    missingChunks: (plan) => missingChunks(table, plan),
  };
}

async function read({ client, name }: StateTable, Key: ItemKey): Promise<object | undefined> {
  const command = new GetCommand({ TableName: name, Key, ConsistentRead: true });
  return (await storing('dynamodb:GetItem', async () => await client.send(command))).Item;
}

async function note(
  { client, name }: StateTable,
  objectId: ObjectId,
  last: Redrive | undefined,
  next: Redrive,
): Promise<boolean> {
  const command = new PutCommand({
    TableName: name,
    Item: { ...redriveItem(objectId), ...next, expiresAt: expiresAt(REDRIVE_SECONDS) },
    ...(last === undefined
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: '#at = :last',
          ExpressionAttributeNames: { '#at': 'at' },
          ExpressionAttributeValues: { ':last': last.at },
        }),
  });
  return await succeeds(client.send(command));
}
