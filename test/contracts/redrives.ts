import { describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { Redrives } from '../../shared/ports/redrives.ts';
import type { State } from '../../shared/ports/state.ts';
import { planOfChunks, receipt } from './state.ts';

/** The ports that share their receipts. */
export interface RedrivesWorld {
  readonly redrives: Redrives;
  readonly state: State;
}

export function redrivesContract(make: () => RedrivesWorld): void {
  describe('redrives', () => {
    const first = { times: 1, at: '2026-01-02T03:04:05.000Z' };
    const second = { times: 2, at: '2026-01-02T04:04:05.000Z', generation: 1 };

    test('of an upload are noted by one run at a time', async () => {
      const { redrives } = make();
      const objectId = objectIdOf('ingest', 'acme/redriven', 'v1');
      expect(await redrives.lastOf(objectId)).toBeUndefined();
      expect(await redrives.note(objectId, undefined, first)).toBe(true);
      expect(await redrives.note(objectId, undefined, first)).toBe(false);
      expect(await redrives.lastOf(objectId)).toEqual(first);
      expect(await redrives.note(objectId, first, second)).toBe(true);
      expect(await redrives.note(objectId, first, second)).toBe(false);
      expect(await redrives.lastOf(objectId)).toEqual(second);
    });

    test('remember where the last run stopped', async () => {
      const { redrives } = make();
      expect(await redrives.marker()).toBeUndefined();
      const marker = { key: 'acme/\u0000ü', versionId: 'v1' };
      await redrives.keepMarker(marker);
      expect(await redrives.marker()).toEqual(marker);
      await redrives.keepMarker(undefined);
      expect(await redrives.marker()).toBeUndefined();
    });

    test('find the chunks that have no receipt of this generation', async () => {
      const { redrives, state } = make();
      const missing = async (plan = ours) => await Array.fromAsync(redrives.missingChunks(plan));
      const ours = planOfChunks(70);
      expect(await missing()).toEqual(Array.from({ length: 70 }, (_, index) => index));
      for (let chunkIndex = 1; chunkIndex < 69; chunkIndex += 1)
        await state.addReceipt(ours, { chunkIndex, receipt: receipt(chunkIndex) });
      expect(await missing()).toEqual([0, 69]);
      await state.dropReceipt(ours, 1, receipt('another'));
      await state.dropReceipt(ours, 2, receipt(2));
      expect(await missing()).toEqual([0, 2, 69]);
      expect(await missing({ ...ours, generation: 1 })).toHaveLength(70);
    });
  });
}
