/** What the control plane keeps beside the tenants' records, in a DynamoDB that is asked over HTTP. */
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoHearings } from '../../shared/aws/dynamo-hearings.ts';
import { dynamoParking } from '../../shared/aws/dynamo-parking.ts';
import { dynamoRemovals } from '../../shared/aws/dynamo-removals.ts';
import { shredBranchKey } from '../../shared/aws/key-store.ts';
import { heardItem, heardSignalItem, removalItem } from '../../shared/aws/state-keys.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { Removal } from '../../shared/tenant/removal.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { type RawTable, tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

let services: Services;
let state: RawTable;
let keyStore: RawTable;
beforeAll(async () => {
  services = await startServices();
  state = await tableOf(services);
  keyStore = await tableOf(services, 'key-store', ['branch-key-id', 'type']);
});
afterAll(async () => {
  await services.close();
});

const REMOVAL: Removal = {
  tenantId: ACME.tenantId,
  signedOffBy: 'legal',
  startedAt: '2026-03-01T12:00:00.000Z',
  finishedAt: undefined,
  step: 'drain',
  drain: true,
  deleteCiphertext: true,
  shredBranchKeys: false,
  kekArns: [ACME.kekArn],
  branchKeyIds: [],
  branchKeyRowsDeleted: 0,
  ciphertextVersionsDeleted: 0,
  jobsLeftParked: 0,
  uploadsLeft: 0,
};

function at(minutes: number): Date {
  return new Date(Date.UTC(2026, 2, 1, 12, minutes));
}

describe('a key', () => {
  test('was not heard of until it is, and then within the hour', async () => {
    const hearings = dynamoHearings(state);
    expect(await hearings.last(ACME.kekArn)).toBeUndefined();
    await hearings.note(ACME.kekArn, at(0));
    await hearings.note(ACME.kekArn, at(59));
    expect(await hearings.last(ACME.kekArn)).toBe(at(0).toISOString());
    await hearings.note(ACME.kekArn, at(61));
    expect(await hearings.last(ACME.kekArn)).toBe(at(61).toISOString());
    expect(await hearings.last(GLOBEX.kekArn)).toBeUndefined();
  });

  test('are remembered by what was heard, of each name the newest', async () => {
    const hearings = dynamoHearings(state);
    const { kekArn } = ACME;
    const heard = (name: string, minute: number) => ({ name, at: at(minute).toISOString(), kekArn });
    for (const signal of [heard('DisableKey', 2), heard('DisableKey', 1), heard('EnableKey', 3)])
      await hearings.remember(signal);
    expect(await hearings.signals(kekArn)).toEqual([heard('DisableKey', 2), heard('EnableKey', 3)]);
    expect(await hearings.signals(GLOBEX.kekArn)).toEqual([]);
  });
});

describe('a row of a key that somebody else wrote', () => {
  test.each([
    ['names another key', { kekArn: GLOBEX.kekArn }],
    ['says no time', { at: 'long ago' }],
  ])('and that %s is no answer to what was heard of it', async (_what, edited) => {
    const kekArn = `${ACME.kekArn}-${Object.keys(edited).join('')}`;
    const heard = { name: 'DisableKey', at: at(1).toISOString(), kekArn };
    const Item = { ...heardSignalItem(kekArn, 'DisableKey'), ...heard, ...edited };
    await state.client.send(new PutCommand({ TableName: state.name, Item }));
    await expect(dynamoHearings(state).signals(kekArn)).rejects.toMatchObject({
      code: 'ERR_TENANT_INVALID',
      message: expect.stringContaining('signal#DisableKey'),
    });
  });

  test.each(['long ago', '9999-01-01T00:00:00.000Z', 7, undefined])(
    'says nothing about it, and is written over: %j',
    async (heardAt) => {
      const hearings = dynamoHearings(state);
      const kekArn = `${ACME.kekArn}-${String(heardAt)}`;
      await state.client.send(
        new PutCommand({ TableName: state.name, Item: { ...heardItem(kekArn), heardAt } }),
      );
      await hearings.note(kekArn, at(0));
      expect(await hearings.last(kekArn)).toBe(at(0).toISOString());
    },
  );

  test('that is no time is as if it had never been heard of', async () => {
    const kekArn = `${ACME.kekArn}-unheard`;
    const Item = { ...heardItem(kekArn), heardAt: 'long ago' };
    await state.client.send(new PutCommand({ TableName: state.name, Item }));
    expect(await dynamoHearings(state).last(kekArn)).toBeUndefined();
  });
});

describe('a removal', () => {
  test.each([
    ['names another tenant', { tenantId: 'globex' }],
    ['does not parse', { step: 'burn' }],
  ])('whose row %s is refused', async (_why, edit) => {
    const removals = dynamoRemovals(state);
    const tenantId = tenantIdSchema.parse(`edited-${Object.keys(edit).join('')}`.toLowerCase());
    await removals.write({ ...REMOVAL, tenantId });
    const Item = { ...removalItem(tenantId), ...REMOVAL, tenantId, ...edit };
    await state.client.send(new PutCommand({ TableName: state.name, Item }));
    await expect(removals.read(tenantId)).rejects.toMatchObject({
      code: 'ERR_TENANT_INVALID',
      message: expect.stringContaining(`tenant#${tenantId}`),
    });
  });

  test('is read as it was written last', async () => {
    const removals = dynamoRemovals(state);
    expect(await removals.read(ACME.tenantId)).toBeUndefined();
    await removals.write(REMOVAL);
    await removals.write({ ...REMOVAL, step: 'ciphertext' });
    expect(await removals.read(ACME.tenantId)).toEqual({ ...REMOVAL, step: 'ciphertext' });
  });
});

test('parked jobs are counted for one tenant', async () => {
  const parking = dynamoParking(state);
  const { tenantId } = ACME;
  const objectId = objectIdOf('ingest', 'acme/x', 'v1');
  for (const chunkIndex of [0, 1, 2])
    await parking.park({ job: { tenantId, objectId, chunkIndex }, arrival: `000#${chunkIndex}` });
  expect(await parking.count(tenantId)).toBe(3);
  expect(await parking.count(GLOBEX.tenantId)).toBe(0);
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
