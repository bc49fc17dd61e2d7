/** What waits, who holds what, and what was re-driven, in a DynamoDB that is asked over HTTP. */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoLeases } from '../../shared/aws/dynamo-leases.ts';
import { dynamoParking } from '../../shared/aws/dynamo-parking.ts';
import { dynamoRedrives } from '../../shared/aws/dynamo-redrives.ts';
import { leaseItem, parkedItem, redriveItem, type StateTable } from '../../shared/aws/state-table.ts';
import { objectIdOf } from '../../shared/chunk/object-id.ts';
import type { ParkedJob } from '../../shared/ports.ts';
import { tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

let services: Services;
let table: StateTable;

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
