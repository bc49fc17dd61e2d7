/**
 * The one clock of the local AWS: real time plus the time by which a test has advanced it. Parts driven by time
 * (long polls, TTL, key expiry) subscribe to it, so that a jump takes effect at once and no test waits for real
 * time.
 */
import type { Clock } from './service.ts';

export interface LocalClock extends Clock {
  /** Milliseconds by which this clock is ahead of real time. */
  offsetMs(): number;
  /** Moves the clock forward and resolves once every subscriber has acted on it. */
  advance(advanceMs: number): Promise<void>;
  /** Calls `react` after every advance. Returns a function that unsubscribes it. */
  onAdvance(react: () => void | Promise<void>): () => void;
}

export function createClock(): LocalClock {
  const reactions = new Set<() => void | Promise<void>>();
  let offsetMs = 0;
  return {
    now: () => Date.now() + offsetMs,
    offsetMs: () => offsetMs,
    async advance(advanceMs) {
      offsetMs += advanceMs;
      await Promise.all([...reactions].map(async (react) => react()));
    },
    onAdvance(react) {
      reactions.add(react);
      return () => void reactions.delete(react);
    },
  };
}
