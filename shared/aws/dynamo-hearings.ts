/** When a key was last heard of, and what, in the state table. */
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Hearings } from '../ports/tenants.ts';
import type { KeySignal } from '../tenant/key-signal.ts';
import { succeeds } from './conditional-write.ts';
import { expiresAt, HEARD_SIGNALS, heardItem, heardSignalItem, type StateTable } from './state-table.ts';
import { storing } from './storage-failure.ts';
import { invalidRow } from './tenant-records.ts';

/** A busy key must not cost a write per event. */
const NOTE_EVERY_MS = 3_600_000;

/** Longer than KMS takes to spread a change, and than anybody takes to prove a key. */
const REMEMBERED_SECONDS = 86_400;

const signalSchema: z.ZodType<KeySignal> = z.object({
  name: z.string(),
  at: z.iso.datetime(),
  kekArn: z.string(),
});

const itemSchema = z.object({ heardAt: z.iso.datetime() });

export function dynamoHearings(table: StateTable): Hearings {
  return {
    note: async (kekArn, at) =>
      await storing('dynamodb:PutItem', async () => {
        await note(table, kekArn, at);
      }),
    last: async (kekArn) => await storing('dynamodb:GetItem', async () => await last(table, kekArn)),
    remember: async (signal) =>
      await storing('dynamodb:PutItem', async () => {
        await remember(table, signal);
      }),
    signals: async (kekArn) => await storing('dynamodb:Query', async () => await signals(table, kekArn)),
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

async function remember(
  { client, name }: StateTable,
  { kekArn, ...signal }: KeySignal & { readonly kekArn: string },
): Promise<void> {
  const command = new PutCommand({
    TableName: name,
    Item: {
      ...heardSignalItem(kekArn, signal.name),
      ...signal,
      kekArn,
      expiresAt: expiresAt(REMEMBERED_SECONDS),
    },
    ConditionExpression: 'attribute_not_exists(pk) OR #at < :at',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: { ':at': signal.at },
  });
  await succeeds(client.send(command));
}

async function signals({ client, name }: StateTable, kekArn: string): Promise<readonly KeySignal[]> {
  const command = new QueryCommand({
    TableName: name,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :signals)',
    ExpressionAttributeValues: { ':pk': heardItem(kekArn).pk, ':signals': HEARD_SIGNALS },
    ConsistentRead: true,
  });
  const { Items = [] } = await client.send(command);
  return Items.map((item) => parseSignal(item, kekArn));
}

/**
 * What takes a key away must not pass for nothing because its row was edited, so a row that is not one is no answer.
 * @throws TenantInvalidError
 */
function parseSignal(item: Readonly<Record<string, unknown>>, kekArn: string): KeySignal {
  const { data, error } = signalSchema.safeParse(item);
  if (data?.kekArn === kekArn) return data;
  const reason = data === undefined ? z.prettifyError(error) : `it names key ${data.kekArn}`;
  throw invalidRow(
    { pk: heardItem(kekArn).pk, sk: String(item['sk']) },
    `is nothing that was heard of that key: ${reason}`,
  );
}
