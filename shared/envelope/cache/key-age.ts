/**
 * Tells the age of a key. While Lambda freezes a sandbox, either clock may stand still, and the wall clock may be set
 * anew. So both are read, and the larger difference counts. No timer is involved: each use of a key checks its age.
 */

export interface Clock {
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Milliseconds since an arbitrary moment; they never run backwards. */
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

/**
 * Returns the age in milliseconds: infinite when the wall clock stands before `since`, since the age is unknown then.
 */
export function ageMs(since: Instant, clock: Clock): number {
  const wallMs = clock.wallMs() - since.wallMs;
  if (wallMs < 0) return Number.POSITIVE_INFINITY;
  return Math.max(wallMs, clock.monotonicMs() - since.monotonicMs);
}
