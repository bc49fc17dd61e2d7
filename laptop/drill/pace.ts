/**
 * The pace of a closed loop: as fast as its work is done, and, once its tenant is revoked, as fast as it used to be.
 * Refused work costs little; a loop that span on refusals, or one that waited for the key, would change the load on
 * the others, and with it what is measured of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './median.ts';

export interface Pace {
  /** Does one turn of the loop. */
  turn(work: () => Promise<void>): Promise<void>;
  /** From now on every turn takes at least what a turn took before. */
  hold(): void;
}

/** A turn ends early when `stopping` is aborted. */
export function createPace(stopping: AbortSignal): Pace {
  const tookMs: number[] = [];
  let usualMs: number | undefined;
  return {
    async turn(work) {
      const startedMs = performance.now();
      await work();
      const elapsedMs = performance.now() - startedMs;
      if (usualMs === undefined) tookMs.push(elapsedMs);
      else if (elapsedMs < usualMs)
        await delay(usualMs - elapsedMs, undefined, { signal: stopping }).catch(() => undefined);
    },
    hold() {
      usualMs = tookMs.length === 0 ? 0 : median(tookMs);
    },
  };
}
