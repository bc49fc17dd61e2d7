/** The rows of the state table: when they expire, who lists them, and what is made of rows that somebody else wrote. */
import { GetCommand, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { dynamoHearings } from '../../shared/aws/dynamo-hearings.ts';
import { dynamoParking } from '../../shared/aws/dynamo-parking.ts';
import { dynamoRedrives } from '../../shared/aws/dynamo-redrives.ts';
import { dynamoRemovals } from '../../shared/aws/dynamo-removals.ts';
import { dynamoState } from '../../shared/aws/dynamo-state.ts';
import { shredBranchKey } from '../../shared/aws/key-store.ts';
import {
  heardItem,
  heardSignalItem,
  parkedItem,
  redriveItem,
  redriveMarkerItem,
  removalItem,
} from '../../shared/aws/state-keys.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { Rejection } from '../../shared/ports/state.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { parkedOf } from '../contracts/parking.ts';
import { REMOVAL } from '../contracts/removals.ts';
import { type RawTable, tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

let services: Services;
let table: RawTable;
let keyStore: RawTable;

beforeAll(async () => {
  services = await startServices();
  table = await tableOf(services);
  keyStore = await tableOf(services, 'key-store', ['branch-key-id', 'type']);
});
afterAll(async () => {
  await services.close();
});

describe('parked jobs', () => {
  test('never expire', async () => {
    const parked = parkedOf(ACME.tenantId, 1000);
    await dynamoParking(table).park(parked);
    const Key = parkedItem(ACME.tenantId, parked.arrival);
    const { Item } = await table.client.send(new GetCommand({ TableName: 'state', Key }));
    expect(Item).toMatchObject(Key);
    expect(Item).not.toHaveProperty('expiresAt');
  });
});

describe('rows among parked jobs that are no jobs of their tenant', () => {
  const { tenantId } = named('with-bad-rows');
  const good = parkedOf(tenantId, 500);
  const job = JSON.stringify(good.job);
  const bad = [
    { sk: '000000000000001#not-json', job: 'no job' },
    { sk: '000000000000002#no-text', job: 5 },
    { sk: '000000000000003#none' },
    { sk: '000000000000004#more', job: JSON.stringify({ ...good.job, to: 'elsewhere' }) },
    { sk: '000000000000005#other', job: JSON.stringify({ ...good.job, tenantId: GLOBEX.tenantId }) },
    { sk: 'no time at all', job: 'no job' },
    { sk: '\u0000', job, ofAnother: true },
  ].map(({ ofAnother, ...row }) => ({
    pk: parkedItem(tenantId, '').pk,
    ...row,
    ...(ofAnother === true ? { job: job.replace(tenantId, ACME.tenantId) } : {}),
  }));

  test('keep nobody back: they are rejections, each once, and told', async () => {
    for (const Item of bad) await table.client.send(new PutCommand({ TableName: 'state', Item }));
    const told: string[] = [];
    const parking = dynamoParking(table, ({ row }) => told.push(row));
    await parking.park(good);
    // One at a time, so that whole pages are bad.
    const found = await Promise.all([parking.oldest(tenantId, 1), parking.oldest(tenantId, 1)]);
    expect(found).toEqual([[good], [good]]);
    expect(await parking.oldest(tenantId, 100)).toEqual([good]);
    expect(await parking.count(tenantId)).toBe(1);
    expect(new Set(told).size).toBe(bad.length);

    const rejections = (await rejected()).filter(({ functionName }) => functionName === 'unpark');
    expect(rejections.map(({ body }) => JSON.parse(body)).toSorted(bySortKey)).toEqual(
      bad.toSorted(bySortKey),
    );
    expect(new Set(rejections.map(({ code }) => code))).toEqual(new Set(['ERR_JOB_INVALID']));
    expect(rejections.map(({ sentAt }) => sentAt)).toContain(new Date(1).toISOString());
  });

  test('and nothing else, are nothing parked', async () => {
    const other = named('bad-rows-alone');
    const Item = { ...parkedItem(other.tenantId, 'x'), job: 'no job' };
    await table.client.send(new PutCommand({ TableName: 'state', Item }));
    expect(await dynamoParking(table).oldest(other.tenantId, 1)).toEqual([]);
    expect(await dynamoParking(table).count(other.tenantId)).toBe(0);
  });
});

function bySortKey(one: { readonly sk: string }, other: { readonly sk: string }): number {
  return one.sk < other.sk ? -1 : 1;
}

function named(id: string): typeof ACME {
  return { ...ACME, tenantId: tenantIdSchema.parse(id) };
}

const rejectedSchema = z.array(
  z.object({
    sk: z.string(),
    functionName: z.string(),
    code: z.string(),
    body: z.string(),
    sentAt: z.string().optional(),
    rejectedAt: z.string(),
  }),
);

async function rejected(): Promise<z.infer<typeof rejectedSchema>> {
  const { Items } = await table.client.send(
    new QueryCommand({
      TableName: 'state',
      KeyConditionExpression: 'pk = :r',
      ExpressionAttributeValues: { ':r': 'rejection' },
    }),
  );
  return rejectedSchema.parse(Items);
}

function rejectionOf(id: string, second: number): Rejection {
  return {
    id,
    sentAt: `2026-05-01T12:00:0${second}.000Z`,
    functionName: 'ingest',
    code: 'ERR_EVENT_INVALID',
    message: 'no',
    body: id,
    rejectedAt: '2026-05-02T00:00:00.000Z',
  };
}

async function bodiesRejected(): Promise<readonly string[]> {
  return (await rejected()).filter(({ functionName }) => functionName === 'ingest').map(({ body }) => body);
}

describe('rejected work', () => {
  test('is listed by time, those of earlier versions among it, and each message once', async () => {
    const state = dynamoState(table);
    const { sentAt: _, ...old } = rejectionOf('old', 0);
    await table.client.send(
      new PutCommand({ TableName: 'state', Item: { pk: 'rejection', sk: old.id, ...old } }),
    );
    // Message ids are random, so their order says nothing about time.
    for (const rejection of [rejectionOf('c', 3), rejectionOf('z', 1), rejectionOf('a', 2)])
      await state.recordRejection(rejection);
    expect(await bodiesRejected()).toEqual(['z', 'a', 'c', 'old']);
    await state.recordRejection({ ...rejectionOf('a', 2), rejectedAt: '2026-05-09T00:00:00.000Z' });
    expect(await bodiesRejected()).toEqual(['z', 'a', 'c', 'old']);
    const times = (await rejected()).map(({ rejectedAt }) => rejectedAt);
    expect(times).not.toContain('2026-05-09T00:00:00.000Z');
  });
});

describe('redrives', () => {
  const objectId = objectIdOf('ingest', 'acme/redriven', 'v1');
  const first = { times: 1, at: '2026-01-02T03:04:05.000Z' };

  test('of an upload expire', async () => {
    const redrives = dynamoRedrives(table);
    expect(await redrives.note(objectId, undefined, first)).toBe(true);
    const command = new GetCommand({ TableName: 'state', Key: redriveItem(objectId) });
    const inADay = Date.now() / 1000 + 86_400;
    const { Item } = await table.client.send(command);
    expect(Item?.['expiresAt']).toBeGreaterThan(inADay);
  });

  test('whose row somebody else wrote count as none, are told, and are noted again', async () => {
    const told: string[] = [];
    const redrives = dynamoRedrives(table, ({ row }) => told.push(row));
    const edited = objectIdOf('ingest', 'acme/edited', 'v1');
    const Item = { ...redriveItem(edited), times: 'often', at: 'whenever' };
    await table.client.send(new PutCommand({ TableName: 'state', Item }));
    expect(await redrives.lastOf(edited)).toBeUndefined();
    expect(await redrives.note(edited, undefined, first)).toBe(true);
    expect(await redrives.lastOf(edited)).toEqual(first);
    expect(told).toEqual([expect.stringContaining(edited)]);
  });

  test('begin at the start where the marker is none', async () => {
    const told: string[] = [];
    const redrives = dynamoRedrives(table, ({ row }) => told.push(row));
    const Item = { ...redriveMarkerItem, marker: 'somewhere' };
    await table.client.send(new PutCommand({ TableName: 'state', Item }));
    expect(await redrives.marker()).toBeUndefined();
    expect(told).toHaveLength(1);
    await redrives.keepMarker(undefined);
  });
});

function at(minutes: number): Date {
  return new Date(Date.UTC(2026, 2, 1, 12, minutes));
}

describe('a row of a key that somebody else wrote', () => {
  test.each([
    ['names another key', { kekArn: GLOBEX.kekArn }],
    ['says no time', { at: 'long ago' }],
  ])('and that %s is no answer to what was heard of it', async (_what, edited) => {
    const kekArn = `${ACME.kekArn}-${Object.keys(edited).join('')}`;
    const heard = { name: 'DisableKey', at: at(1).toISOString(), kekArn };
    const Item = { ...heardSignalItem(kekArn, 'DisableKey'), ...heard, ...edited };
    await table.client.send(new PutCommand({ TableName: table.name, Item }));
    await expect(dynamoHearings(table).signals(kekArn)).rejects.toMatchObject({
      code: 'ERR_TENANT_INVALID',
      message: expect.stringContaining('signal#DisableKey'),
    });
  });

  test.each(['long ago', '9999-01-01T00:00:00.000Z', 7, undefined])(
    'says nothing about it, and is written over: %j',
    async (heardAt) => {
      const hearings = dynamoHearings(table);
      const kekArn = `${ACME.kekArn}-${String(heardAt)}`;
      await table.client.send(
        new PutCommand({ TableName: table.name, Item: { ...heardItem(kekArn), heardAt } }),
      );
      await hearings.note(kekArn, at(0));
      expect(await hearings.last(kekArn)).toBe(at(0).toISOString());
    },
  );

  test('that is no time is as if it had never been heard of', async () => {
    const kekArn = `${ACME.kekArn}-unheard`;
    const Item = { ...heardItem(kekArn), heardAt: 'long ago' };
    await table.client.send(new PutCommand({ TableName: table.name, Item }));
    expect(await dynamoHearings(table).last(kekArn)).toBeUndefined();
  });
});

describe('a removal', () => {
  test.each([
    ['names another tenant', { tenantId: 'globex' }],
    ['does not parse', { step: 'burn' }],
  ])('whose row %s is refused', async (_why, edit) => {
    const removals = dynamoRemovals(table);
    const tenantId = tenantIdSchema.parse(`edited-${Object.keys(edit).join('')}`.toLowerCase());
    await removals.write({ ...REMOVAL, tenantId });
    const Item = { ...removalItem(tenantId), ...REMOVAL, tenantId, ...edit };
    await table.client.send(new PutCommand({ TableName: table.name, Item }));
    await expect(removals.read(tenantId)).rejects.toMatchObject({
      code: 'ERR_TENANT_INVALID',
      message: expect.stringContaining(`tenant#${tenantId}`),
    });
  });
});

test('a branch key is shredded with all of its versions, and no other', async () => {
  const types = [
    'branch:ACTIVE',
    'beacon:ACTIVE',
    ...Array.from({ length: 30 }, (_, i) => `branch:version:${i}`),
  ];
  const put = async (id: string, type: string) =>
    await keyStore.client.send(
      new PutCommand({
        TableName: keyStore.name,
        Item: { 'branch-key-id': id, type, enc: new Uint8Array(8) },
      }),
    );
  for (const type of types) await put('acme.1', type);
  await put('globex.1', 'branch:ACTIVE');
  expect(await shredBranchKey(keyStore, 'acme.1')).toBe(types.length);
  expect(await shredBranchKey(keyStore, 'acme.1')).toBe(0);
  const { Items = [] } = await keyStore.client.send(new ScanCommand({ TableName: keyStore.name }));
  expect(Items.map((row) => row['branch-key-id'])).toEqual(['globex.1']);
});
