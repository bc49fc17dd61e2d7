/** How far the search for stuck uploads is, and which it has re-driven when. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { ObjectId } from '../object/object-id.ts';
import type { Redrive, Redrives } from '../ports/redrives.ts';
import type { UnreadableRow } from '../ports/parking.ts';
import type { VersionMarker } from '../ports/sources.ts';
import { deleteItems } from './delete-items.ts';
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

/** `report` is told of each row that is not what its key says: it counts as none, and is written over. Default: nobody is. */
export function dynamoRedrives(
  table: StateTable,
  report: (row: UnreadableRow) => void = () => undefined,
): Redrives {
  return {
    async marker(): Promise<VersionMarker | undefined> {
      const { data, error } = markerSchema.safeParse((await read(table, redriveMarkerItem)) ?? {});
      if (error !== undefined) report(unreadable(redriveMarkerItem, error));
      return data?.marker;
    },
    async keepMarker(marker) {
      const command = new PutCommand({ TableName: table.name, Item: { ...redriveMarkerItem, marker } });
      await storing('dynamodb:PutItem', async () => await table.client.send(command));
    },
    async lastOf(objectId) {
      const item = await read(table, redriveItem(objectId));
      if (item === undefined) return undefined;
      const { data, error } = redriveSchema.safeParse(item);
      if (data !== undefined) return data;
      // What it said is lost on purpose: `note` writes over nothing or over what was read, so it would stay for ever.
      await deleteItems(table, [{ ...redriveItem(objectId) }]);
      report(unreadable(redriveItem(objectId), error));
      return undefined;
    },
    note: async (objectId, last, next) =>
      await storing('dynamodb:PutItem', async () => await note(table, objectId, last, next)),
    missingChunks: (plan) => missingChunks(table, plan),
  };
}

function unreadable({ pk, sk }: ItemKey, error: z.ZodError): UnreadableRow {
  return { row: `pk ${pk}, sk ${sk}`, reason: z.prettifyError(error) };
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
