import { describe, expect, test } from 'vitest';
import { ageMs, instantOf, systemClock } from '../../../shared/envelope/cache/key-age.ts';
import { heldClock } from '../../support/held-clock.ts';

describe('the age of a key', () => {
  test.each([
    { what: 'both clocks went on', wallMs: 500, monotonicMs: 500, expected: 500 },
    {
      what: 'the monotonic clock stood still in the freezer',
      wallMs: 90_000,
      monotonicMs: 10,
      expected: 90_000,
    },
    {
      what: 'the wall clock was set back, but not past the key',
      wallMs: 10,
      monotonicMs: 90_000,
      expected: 90_000,
    },
    { what: 'the wall clock was set back past the key', wallMs: -1, monotonicMs: 90_000, expected: Infinity },
    { what: 'no time has passed', wallMs: 0, monotonicMs: 0, expected: 0 },
  ])('is the larger difference: $what', ({ wallMs, monotonicMs, expected }) => {
    const clock = heldClock();
    const since = instantOf(clock);
    clock.advanceWall(wallMs);
    clock.advanceMonotonic(monotonicMs);
    expect(ageMs(since, clock)).toBe(expected);
  });

  test('is told by the clocks of the system by default', () => {
    const age = ageMs(instantOf(systemClock), systemClock);
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(60_000);
  });
});
