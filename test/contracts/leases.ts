import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Leases } from '../../shared/ports/leases.ts';

export function leasesContract(make: () => Leases): void {
  describe('a lease', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    test('is held by one at a time, who may keep it for longer', async () => {
      const leases = make();
      expect(await leases.hold('one', 'a', 60)).toBe(true);
      expect(await leases.hold('one', 'b', 60)).toBe(false);
      expect(await leases.hold('one', 'a', 60)).toBe(true);
      expect(await leases.hold('other', 'b', 60)).toBe(true);
    });

    test('is free once its holder released it, and only then', async () => {
      const leases = make();
      await leases.hold('two', 'a', 60);
      await leases.release('two', 'b');
      expect(await leases.hold('two', 'b', 60)).toBe(false);
      await leases.release('two', 'a');
      await leases.release('two', 'a');
      expect(await leases.hold('two', 'b', 60)).toBe(true);
    });

    test('ends by itself', async () => {
      const leases = make();
      vi.useFakeTimers({ toFake: ['Date'] });
      await leases.hold('three', 'a', 60);
      vi.setSystemTime(Date.now() + 58_000);
      expect(await leases.hold('three', 'b', 60)).toBe(false);
      vi.setSystemTime(Date.now() + 4_000);
      expect(await leases.hold('three', 'b', 60)).toBe(true);
    });
  });
}
