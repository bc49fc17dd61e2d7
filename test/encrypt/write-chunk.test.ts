/** A chunk and its receipt, while others write the same chunk. */
import * as fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Plan, Receipt } from '../../shared/object/plan.ts';
import { chunkKey } from '../../shared/object/vault-key.ts';
import { writeChunk, type WritePorts, type Written } from '../../shared/encrypt/write-chunk.ts';
import { CHUNK_BYTES, NEVER, planned, SEALED_AT, world, type World } from '../support/world.ts';

const FOREIGN = Buffer.from('planted');

/** Plans an object of two chunks, none of them written. */
function prepare(): { readonly ports: World; readonly plan: Plan; readonly key: string } {
  const ports = world();
  const plan = planned(ports, randomBytes(2 * CHUNK_BYTES));
  return { ports, plan, key: chunkKey(plan.tenantId, plan.objectId, 0) };
}

async function write(plan: Plan, message: string, ports: WritePorts): Promise<Written> {
  return await writeChunk({ plan, chunkIndex: 0, signal: NEVER }, Buffer.from(message), ports);
}

function receiptOf({ state }: World, plan: Plan): Receipt | undefined {
  return state.receiptsOf(plan).get(0);
}

async function etagOf({ vault }: World, key: string): Promise<string | undefined> {
  for await (const listed of vault.listChunks(key)) return listed.etag;
  return undefined;
}

/** Expects that the receipt is of what rests in the vault. */
async function expectSettled(ports: World, plan: Plan, key: string): Promise<void> {
  expect(receiptOf(ports, plan)?.etag).toBe(await etagOf(ports, key));
}

describe('a chunk', () => {
  test('that is not there is written, with a receipt, in two calls', async () => {
    const { ports, plan, key } = prepare();
    expect(await write(plan, 'ours', ports)).toMatchObject({ chunk: 'written', complete: false });
    expect(ports.effects.log).toEqual(['vault.putChunk', 'state.addReceipt']);
    await expectSettled(ports, plan, key);
  });

  test('that is there with a receipt of these bytes is left as it is', async () => {
    const { ports, plan, key } = prepare();
    const { receipt } = await write(plan, 'first', ports);
    expect(await write(plan, 'second', ports)).toEqual({ chunk: 'present', receipt, complete: false });
    expect(String(ports.vault.objects.get(key))).toBe('first');
  });

  test('that is there without a receipt, planted or left by a crash, is written over', async () => {
    const { ports, plan, key } = prepare();
    ports.vault.objects.set(key, FOREIGN);
    expect(await write(plan, 'ours', ports)).toMatchObject({ chunk: 'written' });
    expect(String(ports.vault.objects.get(key))).toBe('ours');
    await expectSettled(ports, plan, key);
  });

  test.each([
    ['was written over', (objects: World['vault']['objects'], key: string) => objects.set(key, FOREIGN)],
    ['is gone', (objects: World['vault']['objects'], key: string) => objects.delete(key)],
  ])('that %s since its receipt is written again', async (_what, disturb) => {
    const { ports, plan, key } = prepare();
    await write(plan, 'first', ports);
    disturb(ports.vault.objects, key);
    expect(await write(plan, 'second', ports)).toMatchObject({ chunk: 'written' });
    expect(String(ports.vault.objects.get(key))).toBe('second');
    await expectSettled(ports, plan, key);
  });

  test('of an object of one chunk needs no receipt', async () => {
    const ports = world();
    const plan = planned(ports, randomBytes(10));
    ports.vault.objects.set(chunkKey(plan.tenantId, plan.objectId, 0), FOREIGN);
    expect(await write(plan, 'ours', ports)).toMatchObject({ chunk: 'written', complete: true });
    expect(ports.state.receiptsOf(plan).size).toBe(0);
  });

  test('that others write again and again is given up for now', async () => {
    const { ports, plan, key } = prepare();
    const putChunk: World['vault']['putChunk'] = async (...request) => {
      const written = await ports.vault.putChunk(...request);
      ports.vault.objects.set(key, randomBytes(10));
      return written;
    };
    ports.vault.objects.set(key, FOREIGN);
    const vault = { ...ports.vault, putChunk };
    await expect(write(plan, 'ours', { ...ports, vault })).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
  });
});

describe('a writer that comes late', () => {
  test.each([
    ['was planned anew', async ({ state }: World, plan: Plan) => await state.replan(plan, plan.kekArn)],
    ['was sealed', async ({ state }: World, plan: Plan) => await state.markSealed(plan, SEALED_AT)],
    ['is planned no more', async ({ state }: World, plan: Plan) => state.plans.delete(plan.objectId)],
  ])('writes nothing over when the object %s', async (_what, change) => {
    const { ports, plan, key } = prepare();
    ports.vault.objects.set(key, FOREIGN);
    await change(ports, plan);
    await expect(write(plan, 'late', ports)).rejects.toMatchObject({ code: 'ERR_PLAN_CHANGED' });
    expect(ports.vault.objects.get(key)).toBe(FOREIGN);
  });

  test('replaces nothing that was written after it looked', async () => {
    const { ports, plan, key } = prepare();
    ports.vault.objects.set(key, FOREIGN);
    let looked = 0;
    const tenantAndPlan: World['state']['tenantAndPlan'] = async (...request) => {
      const read = await ports.state.tenantAndPlan(...request);
      looked += 1;
      if (looked > 1) return read;
      // Between the look and the write another delivery plans the object anew, and writes.
      const next = await ports.state.replan(plan, plan.kekArn);
      if (next !== undefined) await write(next, 'next', ports);
      return read;
    };
    const state = { ...ports.state, tenantAndPlan };
    await expect(write(plan, 'late', { ...ports, state })).rejects.toMatchObject({
      code: 'ERR_PLAN_CHANGED',
    });
    expect(String(ports.vault.objects.get(key))).toBe('next');
  });
});

test('several writers at once, in any order of their calls, end with one chunk and its receipt', async () => {
  const arbitrary = fc.tuple(fc.scheduler(), fc.boolean(), fc.integer({ min: 2, max: 3 }));
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([scheduler, isPlanted, writers]) => {
      const { ports, plan, key } = prepare();
      if (isPlanted) ports.vault.objects.set(key, FOREIGN);
      const ordered = {
        state: scheduled(ports.state, scheduler),
        vault: scheduled(ports.vault, scheduler),
      };
      const all = Array.from({ length: writers }, async (_, at) => await write(plan, `of ${at}`, ordered));
      const outcomes = await scheduler.waitFor(Promise.allSettled(all));
      expect(outcomes.map(({ status }) => status)).not.toContain('rejected');
      expect(String(ports.vault.objects.get(key))).toMatch(/^of \d$/u);
      await expectSettled(ports, plan, key);
    }),
    { numRuns: 300 },
  );
});

/** Returns the port with its calls made in the scheduler's order. */
function scheduled<T extends object>(port: T, scheduler: fc.Scheduler): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || name === 'listChunks') return member;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        await scheduler.schedule(Promise.resolve());
        return await Reflect.apply(member, target, args);
      };
    },
  });
}
