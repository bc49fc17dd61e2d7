import { describe, expect, test } from 'vitest';
import { uploadOf } from '../../shared/ingest/notification.ts';
import { type Plan, planOf, type Receipt } from '../../shared/object/plan.ts';
import type { Rejection, State } from '../../shared/ports/state.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { recordOf, SEALED_AT } from '../support/world.ts';

export interface StateWorld {
  readonly state: State;
  readonly register: (tenant: Tenant) => Promise<unknown>;
  /** The messages of the rejections with that id. */
  readonly rejected: (id: string) => Promise<readonly string[]>;
}

let made = 0;

/** Makes a plan of an object of its own, with chunks of one byte. */
export function planOfChunks(chunkCount: number): Plan {
  made += 1;
  const record = recordOf(Buffer.alloc(chunkCount), { key: `acme/${made}` });
  return planOf(uploadOf(record), { kekArn: ACME.kekArn, chunkBytes: 1, plannedAt: new Date() });
}

export function receipt(of: string | number): Receipt {
  return { etag: `"${of}"`, checksum: 'AAAAAA==' };
}

async function stored(state: State, chunkCount: number): Promise<Plan> {
  return await state.createPlan(planOfChunks(chunkCount));
}

async function read(state: State, { objectId }: Plan): Promise<Plan | undefined> {
  return (await state.tenantAndPlan(ACME.tenantId, objectId)).plan;
}

export function stateContract(make: () => StateWorld): void {
  describe('a tenant and a plan', () => {
    test('are read as they were written, or not there', async () => {
      const { state, register } = make();
      const tenant = { ...ACME, tenantId: tenantIdSchema.parse('of-state') };
      const plan = planOfChunks(2);
      expect(await state.tenant(tenant.tenantId)).toBeUndefined();
      expect(await state.tenantAndPlan(tenant.tenantId, plan.objectId)).toEqual({});
      await register(tenant);
      await state.createPlan(plan);
      expect(await state.tenant(tenant.tenantId)).toEqual(tenant);
      expect(await state.tenantAndPlan(tenant.tenantId, plan.objectId)).toEqual({ tenant, plan });
    });
  });

  describe('a plan', () => {
    test('that came first wins', async () => {
      const { state } = make();
      const plan = await stored(state, 2);
      expect(await state.createPlan({ ...plan, kekArn: GLOBEX.kekArn })).toEqual(plan);
    });

    test('is planned anew only as it was read, and only once', async () => {
      const { state } = make();
      const plan = await stored(state, 2);
      const next = await state.replan(plan, GLOBEX.kekArn);
      expect(next).toEqual({ ...plan, generation: 1, kekArn: GLOBEX.kekArn });
      expect(await read(state, plan)).toEqual(next);
      expect(await state.replan(plan, ACME.kekArn)).toBeUndefined();
    });

    test('that was sealed meanwhile is not planned anew', async () => {
      const { state } = make();
      const plan = await stored(state, 1);
      expect(await state.markSealed(plan, SEALED_AT)).toBe(true);
      expect(await state.markSealed(plan, new Date().toISOString())).toBe(true);
      expect(await state.noteManifest(plan, 'digest')).toBe(true);
      expect(await state.replan(plan, plan.kekArn)).toBeUndefined();
      const sealed = await read(state, plan);
      expect(sealed).toMatchObject({ sealedAt: SEALED_AT, generation: 0 });
      const again = await state.replan({ ...plan, ...sealed }, plan.kekArn);
      expect(again).toMatchObject({ generation: 1, kekArn: plan.kekArn });
      expect([again?.sealedAt, again?.manifestDigests]).toEqual([undefined, undefined]);
      expect(await read(state, plan)).toEqual(again);
    });

    test('is neither sealed, noted nor advanced by work of an earlier generation', async () => {
      const { state } = make();
      const plan = await stored(state, 2);
      const next = await state.replan(plan, plan.kekArn);
      expect(await state.markSealed(plan, SEALED_AT)).toBe(false);
      expect(await state.noteManifest(plan, 'digest')).toBe(false);
      await state.advancePlan(plan, 2);
      expect(await read(state, plan)).toEqual(next);
    });

    test('remembers how many of its jobs were sent, and the digests of all manifests that were to be written', async () => {
      const { state } = make();
      const plan = await stored(state, 1);
      await state.advancePlan(plan, 1);
      for (const digest of ['one', 'two', 'one']) expect(await state.noteManifest(plan, digest)).toBe(true);
      expect(await read(state, plan)).toMatchObject({
        jobsSent: 1,
        manifestDigests: new Set(['one', 'two']),
      });
    });

    test('keeps the first reason that its source cannot be read', async () => {
      const { state } = make();
      const plan = await stored(state, 1);
      const [first, later] = ['archived', 'gone'].map((reason) => ({ at: SEALED_AT, reason }));
      if (first === undefined || later === undefined) throw new Error('two');
      expect(await state.markUnreadable(plan, first)).toEqual(first);
      expect(await state.markUnreadable(plan, later)).toEqual(first);
      expect((await read(state, plan))?.unreadable).toEqual(first);
    });

    test('that is not there is not made by whoever worked on it', async () => {
      const { state } = make();
      const plan = planOfChunks(1);
      expect(await state.markSealed(plan, SEALED_AT)).toBe(false);
      await state.advancePlan(plan, 1);
      expect(await read(state, plan)).toBeUndefined();
    });
  });

  describe('a receipt', () => {
    test('is written only over the one that was read', async () => {
      const { state } = make();
      const plan = planOfChunks(2);
      const add = async (etag: string, replaced?: Receipt) =>
        await state.addReceipt(plan, { chunkIndex: 0, receipt: receipt(etag), replaced });
      expect(await state.receipt(plan, 0)).toBeUndefined();
      expect(await add('a')).toBe('added');
      expect(await add('b')).toBe('lost');
      expect(await add('b', receipt('x'))).toBe('lost');
      expect(await add('b', { ...receipt('a'), checksum: 'BBBBBB==' })).toBe('lost');
      expect(await state.receipt(plan, 0)).toEqual(receipt('a'));
      expect(await add('b', receipt('a'))).toBe('added');
      expect(await state.receipt(plan, 0)).toEqual(receipt('b'));
    });

    test('is taken back only if it is the one there', async () => {
      const { state } = make();
      const plan = planOfChunks(2);
      await state.addReceipt(plan, { chunkIndex: 1, receipt: receipt('a') });
      await state.dropReceipt(plan, 1, receipt('b'));
      await state.dropReceipt(plan, 1, { ...receipt('a'), checksum: 'BBBBBB==' });
      expect(await Array.fromAsync(state.allReceipts(plan))).toEqual([undefined, receipt('a')]);
      await state.dropReceipt(plan, 1, receipt('a'));
      expect(await Array.fromAsync(state.allReceipts(plan))).toEqual([undefined, undefined]);
    });

    test('of one generation says nothing about the next', async () => {
      const { state } = make();
      const plan = planOfChunks(2);
      await state.addReceipt(plan, { chunkIndex: 0, receipt: receipt('a') });
      expect(await state.receipt({ ...plan, generation: 1 }, 0)).toBeUndefined();
    });

    test('of the last chunk that lacks one completes the plan, and does so again', async () => {
      const { state } = make();
      const plan = planOfChunks(65);
      const order = [64, ...Array.from({ length: 64 }, (_, index) => index)];
      const outcomes: string[] = [];
      for (const chunkIndex of order)
        outcomes.push(await state.addReceipt(plan, { chunkIndex, receipt: receipt(chunkIndex) }));
      expect(outcomes.slice(0, -1)).toEqual(outcomes.slice(1).map(() => 'added'));
      expect(outcomes.at(-1)).toBe('complete');
      const again = { chunkIndex: 63, receipt: receipt(63), replaced: receipt(63) };
      expect(await state.addReceipt(plan, again)).toBe('complete');
    });

    test('of an object of one chunk is not kept: the chunk completes it', async () => {
      const { state } = make();
      const plan = planOfChunks(1);
      expect(await state.addReceipt(plan, { chunkIndex: 0, receipt: receipt('a') })).toBe('complete');
      expect(await state.receipt(plan, 0)).toBeUndefined();
    });
  });

  describe('a rejection', () => {
    test('stays as it was the first time', async () => {
      const { state, rejected } = make();
      const rejection: Rejection = {
        id: 'rejected-twice',
        sentAt: '2026-05-01T12:00:00.000Z',
        functionName: 'ingest',
        code: 'ERR_EVENT_INVALID',
        message: 'first',
        body: '{}',
        rejectedAt: '2026-05-02T00:00:00.000Z',
      };
      await state.recordRejection(rejection);
      await state.recordRejection({ ...rejection, message: 'second' });
      expect(await rejected(rejection.id)).toEqual(['first']);
      await state.recordRejection({
        ...rejection,
        sentAt: '2026-05-01T12:00:00.001Z',
        message: 'sent later',
      });
      await state.recordRejection({ ...rejection, message: 'third' });
      expect(await rejected(rejection.id)).toEqual(['first', 'sent later']);
    });
  });
}
