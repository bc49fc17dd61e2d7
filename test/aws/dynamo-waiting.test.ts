/** What waits, who holds what, and what was re-driven, in a DynamoDB that is asked over HTTP. */
import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { dynamoLeases } from '../../shared/aws/dynamo-leases.ts';
import { dynamoParking } from '../../shared/aws/dynamo-parking.ts';
import { dynamoRedrives } from '../../shared/aws/dynamo-redrives.ts';
import { dynamoState } from '../../shared/aws/dynamo-state.ts';
import { leaseItem, parkedItem, redriveItem, redriveMarkerItem } from '../../shared/aws/state-keys.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { ParkedJob } from '../../shared/ports/parking.ts';
import type { Rejection } from '../../shared/ports/state.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { type RawTable, tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

let services: Services;
let table: RawTable;

beforeAll(async () => {
  services = await startServices();
  table = await tableOf(services);
});
afterAll(async () => {
  await services.close();
});

function parkedOf({ tenantId }: typeof ACME, sentMs: number): ParkedJob {
  const job = { tenantId, objectId: objectIdOf('ingest', `${tenantId}/x`, 'v1'), chunkIndex: sentMs };
  return { job, arrival: `${String(sentMs).padStart(15, '0')}#message-${sentMs}` };
}

async function parkAll(parked: readonly ParkedJob[]): Promise<void> {
  await Promise.all(parked.map(async (job) => await dynamoParking(table).park(job)));
}

describe('parked jobs', () => {
  const acme = Array.from({ length: 30 }, (_, index) => parkedOf(ACME, 1000 - index));
  const inOrder = acme.toReversed();

  beforeAll(async () => {
    await parkAll([...acme, parkedOf(GLOBEX, 5)]);
  });

  test('are read in order of arrival, up to a limit, and of one tenant', async () => {
    const parking = dynamoParking(table);
    expect(await parking.oldest(ACME.tenantId, 7)).toEqual(inOrder.slice(0, 7));
    expect(await parking.oldest(ACME.tenantId, 100)).toEqual(inOrder);
    expect(await parking.oldest(GLOBEX.tenantId, 100)).toEqual([parkedOf(GLOBEX, 5)]);
  });

  test('are parked once however often they are', async () => {
    await parkAll([...acme, ...acme]);
    expect(await dynamoParking(table).oldest(ACME.tenantId, 100)).toEqual(inOrder);
  });

  test('never expire', async () => {
    const Key = parkedItem(ACME.tenantId, acme[0]?.arrival ?? '');
    const { Item } = await table.client.send(new GetCommand({ TableName: 'state', Key }));
    expect(Item).toMatchObject(Key);
    expect(Item).not.toHaveProperty('expiresAt');
  });

  test.each([0, 25, 26])('are removed, %i at once, and again', async (count) => {
    const parking = dynamoParking(table);
    await parkAll(acme);
    await parking.remove(inOrder.slice(0, count));
    await parking.remove(inOrder.slice(0, count));
    expect(await parking.oldest(ACME.tenantId, 100)).toEqual(inOrder.slice(count));
  });
});

describe('rows among parked jobs that are no jobs of their tenant', () => {
  const { tenantId } = named('with-bad-rows');
  const good = parkedOf({ ...ACME, tenantId }, 500);
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
    // Message ids are random: theirs is no order of time.
    for (const rejection of [rejectionOf('c', 3), rejectionOf('z', 1), rejectionOf('a', 2)])
      await state.recordRejection(rejection);
    expect(await bodiesRejected()).toEqual(['z', 'a', 'c', 'old']);
    await state.recordRejection({ ...rejectionOf('a', 2), rejectedAt: '2026-05-09T00:00:00.000Z' });
    expect(await bodiesRejected()).toEqual(['z', 'a', 'c', 'old']);
    const times = (await rejected()).map(({ rejectedAt }) => rejectedAt);
    expect(times).not.toContain('2026-05-09T00:00:00.000Z');
  });
});

describe('a lease', () => {
  test('is held by one at a time, who may keep it for longer', async () => {
    const leases = dynamoLeases(table);
    expect(await leases.hold('one', 'a', 60)).toBe(true);
    expect(await leases.hold('one', 'b', 60)).toBe(false);
    expect(await leases.hold('one', 'a', 60)).toBe(true);
    expect(await leases.hold('other', 'b', 60)).toBe(true);
  });

  test('is free once its holder released it, and only then', async () => {
    const leases = dynamoLeases(table);
    await leases.hold('two', 'a', 60);
    await leases.release('two', 'b');
    expect(await leases.hold('two', 'b', 60)).toBe(false);
    await leases.release('two', 'a');
    await leases.release('two', 'a');
    expect(await leases.hold('two', 'b', 60)).toBe(true);
  });

  test('ends by itself', async () => {
    const leases = dynamoLeases(table);
    await leases.hold('three', 'a', 60);
    await table.client.send(
      new UpdateCommand({
        TableName: 'state',
        Key: leaseItem('three'),
        UpdateExpression: 'SET expiresAt = :past',
        ExpressionAttributeValues: { ':past': Math.floor(Date.now() / 1000) - 1 },
      }),
    );
    expect(await leases.hold('three', 'b', 60)).toBe(true);
  });
});

describe('redrives', () => {
  const objectId = objectIdOf('ingest', 'acme/redriven', 'v1');
  const first = { times: 1, at: '2026-01-02T03:04:05.000Z' };
  const second = { times: 2, at: '2026-01-02T04:04:05.000Z' };

  test('of an upload are noted by one run at a time, and expire', async () => {
    const redrives = dynamoRedrives(table);
    expect(await redrives.lastOf(objectId)).toBeUndefined();
    expect(await redrives.note(objectId, undefined, first)).toBe(true);
    expect(await redrives.note(objectId, undefined, first)).toBe(false);
    expect(await redrives.lastOf(objectId)).toEqual(first);
    expect(await redrives.note(objectId, first, second)).toBe(true);
    expect(await redrives.note(objectId, first, second)).toBe(false);
    expect(await redrives.lastOf(objectId)).toEqual(second);
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

  test('remember where the last run stopped', async () => {
    const redrives = dynamoRedrives(table);
    expect(await redrives.marker()).toBeUndefined();
    const marker = { key: 'acme/\u0000ü', versionId: 'v1' };
    await redrives.keepMarker(marker);
    expect(await redrives.marker()).toEqual(marker);
    await redrives.keepMarker(undefined);
    expect(await redrives.marker()).toBeUndefined();
  });
});
