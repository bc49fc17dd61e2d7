import { describe, expect, test } from 'vitest';
import { ageMs, instantOf, systemClock } from '../../../shared/envelope/cache/key-age.ts';
import { heldClock } from '../../support/held-clock.ts';

describe('the age of a key', () => {
  test.each([
    ['both clocks went on', 500, 500, 500],
    ['the monotonic clock stood still in the freezer', 90_000, 10, 90_000],
    ['the wall clock was set back, but not past the key', 10, 90_000, 90_000],
    ['the wall clock was set back past the key', -1, 90_000, Number.POSITIVE_INFINITY],
    ['no time has passed', 0, 0, 0],
  ])('is the larger difference: %s', (_, wallMs, monotonicMs, expected) => {
    const clock = heldClock();
    const since = instantOf(clock);
    clock.advanceWall(wallMs);
    clock.advanceMonotonic(monotonicMs);
    expect(ageMs(since, clock)).toBe(expected);
  });

  test('is told by the clocks of the system where nothing else is said', () => {
    const age = ageMs(instantOf(systemClock), systemClock);
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(60_000);
  });
});
