/** Plans and receipts in a DynamoDB that is asked over HTTP, with the conditions under which they may change. */
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoRedrives } from '../../shared/aws/dynamo-redrives.ts';
import { dynamoState } from '../../shared/aws/dynamo-state.ts';
import { planItem, receiptsItem } from '../../shared/aws/state-keys.ts';
import { type Plan, planOf, type Receipt } from '../../shared/object/plan.ts';
import { uploadOf } from '../../shared/ingest/notification.ts';
import type { State } from '../../shared/ports/state.ts';
import { type RawTable, tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { recordOf, SEALED_AT } from '../support/world.ts';

const GROUP = 64;

let services: Services;
let table: RawTable;
let state: State;
let made = 0;

beforeAll(async () => {
  services = await startServices();
  table = await tableOf(services);
  state = dynamoState(table);
});
afterAll(async () => {
  await services.close();
});

function planOfChunks(chunkCount: number): Plan {
  made += 1;
  const record = recordOf(Buffer.alloc(chunkCount), { key: `acme/${made}` });
  return planOf(uploadOf(record), { kekArn: ACME.kekArn, chunkBytes: 1, plannedAt: new Date() });
}

function receipt(of: string | number): Receipt {
  return { etag: `"${of}"`, checksum: 'AAAAAA==' };
}

async function stored(chunkCount: number): Promise<Plan> {
  return await state.createPlan(planOfChunks(chunkCount));
}

async function read({ objectId }: Plan): Promise<Plan | undefined> {
  return (await state.tenantAndPlan(ACME.tenantId, objectId)).plan;
}

/** Writes receipts as `addReceipt` leaves them, all of a group at once. */
async function addReceipts(plan: Plan, group: number, chunkIndexes: readonly number[]): Promise<void> {
  const receipts = chunkIndexes.map((index) => [String(index), `"${index}" AAAAAA==`]);
  const Item = { ...receiptsItem(plan, 0, group), ...Object.fromEntries(receipts) };
  await table.client.send(new PutCommand({ TableName: 'state', Item }));
}

/** Writes the first set of full groups. */
async function countFull(plan: Plan, groups: readonly number[]): Promise<void> {
  const Item = { ...receiptsItem(plan, 1, 0), members: new Set(groups) };
  await table.client.send(new PutCommand({ TableName: 'state', Item }));
}

async function missing(plan: Plan): Promise<readonly number[]> {
  return await Array.fromAsync(dynamoRedrives(table).missingChunks(plan));
}

function indexes(start: number, end: number): readonly number[] {
  return Array.from({ length: end - start }, (_, at) => start + at);
}

describe('the chunks without a receipt', () => {
  test.each([1, 2, GROUP - 1, GROUP, GROUP + 1, 20 * GROUP + 1])(
    'of %i are all of them before any has one',
    async (chunkCount) => {
      expect(await missing(planOfChunks(chunkCount))).toEqual(indexes(0, chunkCount));
    },
  );

  test('are those that are left', async () => {
    const plan = planOfChunks(17 * GROUP);
    await addReceipts(plan, 0, indexes(1, GROUP));
    for (let group = 1; group < 16; group += 1)
      await addReceipts(plan, group, indexes(group * GROUP, (group + 1) * GROUP));
    await addReceipts(plan, 16, indexes(16 * GROUP, 17 * GROUP - 1));
    expect(await missing(plan)).toEqual([0, 17 * GROUP - 1]);
  });

  test('are all of them when only version 0.1.0 left receipts', async () => {
    const plan = planOfChunks(2);
    await table.client.send(
      new UpdateCommand({
        TableName: 'state',
        Key: { pk: `receipts#${plan.objectId}#0`, sk: 'receipts' },
        UpdateExpression: 'ADD members :members',
        ExpressionAttributeValues: { ':members': new Set([0, 1]) },
      }),
    );
    expect(await missing(plan)).toEqual([0, 1]);
    expect(await state.addReceipt(plan, { chunkIndex: 0, receipt: receipt(0) })).toBe('added');
    expect(await state.addReceipt(plan, { chunkIndex: 1, receipt: receipt(1) })).toBe('complete');
  });
});

describe('a receipt', () => {
  test.each([2, GROUP, GROUP + 1])('of the last of %i chunks completes them', async (chunkCount) => {
    const plan = planOfChunks(chunkCount);
    const ends = [...new Set([Math.min(GROUP, chunkCount), chunkCount])];
    for (const [group, end] of ends.entries()) {
      await addReceipts(plan, group, indexes(group * GROUP, end - 1));
      const isLast = end === chunkCount;
      const added = await state.addReceipt(plan, { chunkIndex: end - 1, receipt: receipt(end - 1) });
      expect(added).toBe(isLast ? 'complete' : 'added');
    }
    expect(await state.addReceipt(plan, { chunkIndex: 0, receipt: receipt(0), replaced: receipt(0) })).toBe(
      'complete',
    );
    expect(await missing(plan)).toEqual([]);
  });

  test('of the last of more chunks than one set counts completes them', async () => {
    const plan = planOfChunks(257 * GROUP);
    await countFull(plan, indexes(0, 255));
    for (const group of [255, 256]) {
      const last = (group + 1) * GROUP - 1;
      await addReceipts(plan, group, indexes(group * GROUP, last));
      const added = await state.addReceipt(plan, { chunkIndex: last, receipt: receipt(last) });
      expect(added).toBe(group === 256 ? 'complete' : 'added');
    }
  });
});

describe('groups of receipts that a crash left uncounted', () => {
  test('are found full by the job of the last chunk when it is sent again', async () => {
    const plan = planOfChunks(2 * GROUP + 1);
    await addReceipts(plan, 0, indexes(0, GROUP));
    await addReceipts(plan, 1, indexes(GROUP, 2 * GROUP));
    const last = 2 * GROUP;
    expect(await state.addReceipt(plan, { chunkIndex: last, receipt: receipt(last) })).toBe('added');
    expect(await missing(plan)).toEqual([]);
    expect(
      await state.addReceipt(plan, { chunkIndex: last, receipt: receipt(last), replaced: receipt(last) }),
    ).toBe('complete');
  });

  test('are not taken for full while one has a gap', async () => {
    const plan = planOfChunks(2 * GROUP + 1);
    await addReceipts(plan, 0, indexes(0, GROUP));
    await addReceipts(plan, 1, indexes(GROUP, 2 * GROUP - 1));
    const last = 2 * GROUP;
    for (const replaced of [undefined, receipt(last)])
      expect(
        await state.addReceipt(plan, { chunkIndex: last, receipt: receipt(last), replaced: replaced }),
      ).toBe('added');
  });
});

describe('a plan', () => {
  test('of version 0.1.0 has no generation, and is as good as any', async () => {
    const { generation, ...plan } = planOfChunks(1);
    expect(generation).toBe(0);
    const row = { ...planItem(plan.objectId), ...plan };
    await table.client.send(new PutCommand({ TableName: 'state', Item: row }));
    const found = await state.createPlan({ ...plan, generation });
    expect(found).toEqual({ ...plan, generation: 0 });
    expect(await state.noteManifest(found, 'digest')).toBe(true);
    expect(await state.replan(found, plan.kekArn)).toMatchObject({ generation: 1 });
  });

  test('that is gone is not half made by whoever worked on it', async () => {
    const plan = await stored(1);
    const Key = planItem(plan.objectId);
    await table.client.send(new DeleteCommand({ TableName: 'state', Key }));
    expect(await state.markSealed(plan, SEALED_AT)).toBe(false);
    await state.advancePlan(plan, 1);
    expect((await table.client.send(new GetCommand({ TableName: 'state', Key }))).Item).toBeUndefined();
  });
});

describe('a row that does not prove itself', () => {
  test.each([
    ['is the plan of another object', (plan: Plan) => planOfChunks(plan.chunkCount)],
    ['names another tenant', (plan: Plan) => ({ ...plan, tenantId: GLOBEX.tenantId })],
    ['names another source', (plan: Plan) => ({ ...plan, source: { ...plan.source, key: 'globex/x' } })],
    ['has another name', (plan: Plan) => ({ ...plan, key: 'other' })],
    ['is divided otherwise', (plan: Plan) => ({ ...plan, chunkCount: plan.chunkCount + 1 })],
    ['holds more in a chunk than fits', (plan: Plan) => ({ ...plan, chunkBytes: 2 ** 40, chunkCount: 1 })],
    ['is no plan', () => ({})],
  ])('because it %s is refused, by readers and planners', async (_what, forge) => {
    const plan = planOfChunks(2);
    const Item = { ...forge(plan), ...planItem(plan.objectId) };
    await table.client.send(new PutCommand({ TableName: 'state', Item }));
    const refusal = { code: 'ERR_PLAN_INVALID', message: expect.stringContaining(`object#${plan.objectId}`) };
    await expect(read(plan)).rejects.toMatchObject(refusal);
    await expect(state.createPlan(plan)).rejects.toMatchObject(refusal);
  });
});
