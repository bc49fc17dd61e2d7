import { describe, expect, test } from 'vitest';
import type { Hearings } from '../../shared/ports/tenants.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

function at(minutes: number): Date {
  return new Date(Date.UTC(2026, 2, 1, 12, minutes));
}

export function hearingsContract(make: () => Hearings): void {
  describe('a key', () => {
    test('was not heard of until it is, and then within the hour', async () => {
      const hearings = make();
      expect(await hearings.last(ACME.kekArn)).toBeUndefined();
      await hearings.note(ACME.kekArn, at(0));
      await hearings.note(ACME.kekArn, at(59));
      expect(await hearings.last(ACME.kekArn)).toBe(at(0).toISOString());
      await hearings.note(ACME.kekArn, at(61));
      expect(await hearings.last(ACME.kekArn)).toBe(at(61).toISOString());
      expect(await hearings.last(GLOBEX.kekArn)).toBeUndefined();
    });

    test('is remembered by what was heard of it, of each name the newest', async () => {
      const hearings = make();
      const { kekArn } = ACME;
      const heard = (name: string, minute: number) => ({ name, at: at(minute).toISOString(), kekArn });
      for (const signal of [heard('DisableKey', 2), heard('DisableKey', 1), heard('EnableKey', 3)])
        await hearings.remember(signal);
      const signals = await hearings.signals(kekArn);
      expect(signals).toHaveLength(2);
      expect(signals).toEqual(expect.arrayContaining([heard('DisableKey', 2), heard('EnableKey', 3)]));
      expect(await hearings.signals(GLOBEX.kekArn)).toEqual([]);
    });
  });
}
