/**
 * How old a key is. While Lambda freezes a sandbox either clock may stand still, and the wall clock may be stepped; so
 * both are read and the larger difference counts. No timer is involved: an age is checked whenever a key is used.
 */

export interface Clock {
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Milliseconds since whenever; never runs backwards. */
  readonly monotonicMs: () => number;
}

export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export const systemClock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

export function instantOf(clock: Clock): Instant {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}

/** Infinite where the wall clock stands before `since`: nobody knows then how long it has been. */
export function ageMs(since: Instant, clock: Clock): number {
  const wallMs = clock.wallMs() - since.wallMs;
  if (wallMs < 0) return Number.POSITIVE_INFINITY;
  return Math.max(wallMs, clock.monotonicMs() - since.monotonicMs);
}
