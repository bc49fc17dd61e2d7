/**
 * Shares one redelivery between all tests that wait for one. Every push of the clock also redelivers the messages that
 * living sandboxes work on, and starts `watch`. If each test pushed for itself, most work would be done again for nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LOOK_MS, PATIENCE_MS, type Pipeline } from './pipeline.ts';

export interface Redeliveries {
  /** Runs a test that may wait for redeliveries. */
  during(test: () => Promise<void>): Promise<void>;
  /** Resolves after the next redelivery, which comes as soon as every running test waits for it. */
  next(): Promise<void>;
  /** Resolves when `condition` holds. Redelivers whenever that takes long. */
  until(condition: () => Promise<boolean>): Promise<void>;
}

/** A time longer than the queues' visibility timeout: what a dead sandbox held is delivered again. */
const REDELIVERY_MS = 125_000;
/** A message of which nothing came for so long was in the batch of a sandbox that died. */
const LOST_MS = 1500;

export function shareRedeliveries(pipeline: Pipeline): Redeliveries {
  const waiting: PromiseWithResolvers<void>[] = [];
  let running = 0;
  const redeliver = (): void => {
    if (waiting.length < running) return;
    const delivered = pipeline.advanceClock(REDELIVERY_MS);
    for (const { resolve } of waiting.splice(0)) resolve(delivered);
  };
  const next = async (): Promise<void> => {
    const turn = Promise.withResolvers<void>();
    waiting.push(turn);
    redeliver();
    await turn.promise;
  };
  return {
    next,
    async during(test) {
      running += 1;
      await test().finally(() => {
        running -= 1;
        if (waiting.length > 0) redeliver();
      });
    },
    async until(condition) {
      const endMs = performance.now() + PATIENCE_MS;
      let lostMs = performance.now() + LOST_MS;
      while (!(await condition())) {
        if (performance.now() > endMs) throw new Error('waited in vain');
        if (performance.now() > lostMs) {
          await next();
          lostMs = performance.now() + LOST_MS;
        }
        await delay(LOOK_MS);
      }
    },
  };
}
