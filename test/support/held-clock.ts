/** A clock that moves only when told to; each of its two hands can be moved alone, as freezing a sandbox does. */
import type { Clock } from '../../shared/envelope/cache/key-age.ts';

export interface HeldClock extends Clock {
  advance(ms: number): void;
  advanceWall(ms: number): void;
  advanceMonotonic(ms: number): void;
}

export function heldClock(): HeldClock {
  let wallMs = Date.parse('2026-01-01T00:00:00.000Z');
  let monotonicMs = 0;
  return {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    advance(ms) {
      wallMs += ms;
      monotonicMs += ms;
    },
    advanceWall: (ms) => void (wallMs += ms),
    advanceMonotonic: (ms) => void (monotonicMs += ms),
  };
}
