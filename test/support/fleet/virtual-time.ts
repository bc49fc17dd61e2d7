/**
 * The one clock of everything in the process. Timers, the wall clock and the monotonic clock stand still until a test
 * moves them. Promises and streams run in real time, so `settled` can see when nothing is left to do.
 */
import { vi } from 'vitest';

/** The step by which time passes while work is in flight. Work that one timer starts is done before the next timer. */
const SLICE_MS = 250;
/** A number of turns longer than any run of promises and streams between two port calls. */
const QUIET_TURNS = 30;

let activity = 0;

export function stopTime(at: string): void {
  vi.useFakeTimers({
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    now: new Date(at),
  });
}

export function letTimeGo(): void {
  vi.useRealTimers();
}

/** Notes that somebody does something. Everybody who does something calls it; see `settled`. */
export function noteActivity(): void {
  activity += 1;
}

/** Resolves when nobody has done anything for a while: all is done, or waits for time or for the test. */
export async function settled(): Promise<void> {
  let seen = -1;
  for (let turn = 0; turn < QUIET_TURNS; turn += 1) {
    if (seen !== activity) turn = 0;
    seen = activity;
    await new Promise(setImmediate);
  }
}

/** Moves all clocks, and lets the work that is due be done on the way. */
export async function pass(durationMs: number): Promise<void> {
  for (let leftMs = durationMs; leftMs > 0; leftMs -= SLICE_MS) {
    if (vi.getTimerCount() === 0) return void vi.advanceTimersByTime(leftMs);
    vi.advanceTimersByTime(Math.min(SLICE_MS, leftMs));
    await settled();
  }
}

/** Freezes the process for so long: the wall clock moves on, the monotonic clock and the timers do not. */
export function freeze(durationMs: number): void {
  vi.setSystemTime(Date.now() + durationMs);
}
