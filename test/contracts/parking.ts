import { describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { ParkedJob, Parking } from '../../shared/ports/parking.ts';
import { type TenantId, tenantIdSchema } from '../../shared/tenant/tenant-id.ts';

const OTHER = tenantIdSchema.parse('parks-other');
let made = 0;

export function parkedOf(tenantId: TenantId, sentMs: number): ParkedJob {
  const job = { tenantId, objectId: objectIdOf('ingest', `${tenantId}/x`, 'v1'), chunkIndex: sentMs };
  return { job, arrival: `${String(sentMs).padStart(15, '0')}#message-${sentMs}` };
}

export function parkingContract(make: () => Parking): void {
  /** A tenant of its own with 30 jobs, parked from the newest to the oldest, and a job of another tenant. */
  async function lot(): Promise<{ parking: Parking; tenantId: TenantId; inOrder: readonly ParkedJob[] }> {
    made += 1;
    const [parking, tenantId] = [make(), tenantIdSchema.parse(`parks-${made}`)];
    const inOrder = Array.from({ length: 30 }, (_, index) => parkedOf(tenantId, 971 + index));
    for (const parked of [...inOrder.toReversed(), parkedOf(OTHER, 5)]) await parking.park(parked);
    return { parking, tenantId, inOrder };
  }

  describe('parked jobs', () => {
    test('are read in order of arrival, up to a limit, and of one tenant', async () => {
      const { parking, tenantId, inOrder } = await lot();
      expect(await parking.oldest(tenantId, 7)).toEqual(inOrder.slice(0, 7));
      expect(await parking.oldest(tenantId, 100)).toEqual(inOrder);
      expect(await parking.oldest(OTHER, 100)).toEqual([parkedOf(OTHER, 5)]);
      expect(await parking.oldest(tenantIdSchema.parse('parks-none'), 1)).toEqual([]);
    });

    test('are parked once however often they are, and counted for one tenant', async () => {
      const { parking, tenantId, inOrder } = await lot();
      for (const parked of inOrder) await parking.park(parked);
      expect(await parking.oldest(tenantId, 100)).toEqual(inOrder);
      expect(await parking.count(tenantId)).toBe(30);
      expect(await parking.count(OTHER)).toBe(1);
    });

    test.each([0, 25, 26])('are removed, %i at once, and again', async (count) => {
      const { parking, tenantId, inOrder } = await lot();
      await parking.remove(inOrder.slice(0, count));
      await parking.remove(inOrder.slice(0, count));
      expect(await parking.oldest(tenantId, 100)).toEqual(inOrder.slice(count));
    });
  });
}
