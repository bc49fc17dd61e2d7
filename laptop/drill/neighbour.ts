/** The work of the other tenant before and after the button, and the share of it that must be left. */
import type { Drill } from './drill.ts';
import { meanThroughput, type Throughput, throughput } from './throughput.ts';

export interface Neighbour {
  readonly sealed: Throughput;
  readonly restored: Throughput;
  /** The smaller of the ratios of sealing and of restoring. */
  readonly ratio: number;
  /** The smallest share that keeps the promise; 0 means more than nothing. */
  readonly leastRatio: number;
}

/** Under a steady load. */
const LEAST_RATIO = 0.95;
/** The least ratio where kills strike either tenant, or little was done. A neighbour that is held up has far less. */
const LEAST_ROUGH_RATIO = 0.5;
/** Done before the button: with less than that a ratio says little, and with less than the other nothing. */
const ENOUGH_WORK = 50;
const SOME_WORK = 10;

export function neighbourOf(drill: Drill): Neighbour {
  const { options, moments, other } = drill;
  const { startedMs, pressedMs, enablingMs } = moments;
  const windowMs = (options.seconds * 1000) / 3;
  const works = { sealed: other.sealedMs, restored: other.restoredMs };
  const steady = eachOf(works, (doneMs) => throughput(doneMs, pressedMs, windowMs));
  if (!options.chaos && leastDone(steady) >= ENOUGH_WORK) return judged(steady, LEAST_RATIO);
  const rough = eachOf(works, (doneMs) =>
    meanThroughput(doneMs, { startedMs, pressedMs, endedMs: enablingMs }),
  );
  return judged(rough, leastDone(rough) >= SOME_WORK ? LEAST_ROUGH_RATIO : 0);
}

interface Both<T> {
  readonly sealed: T;
  readonly restored: T;
}

function eachOf<T, R>({ sealed, restored }: Both<T>, figure: (value: T) => R): Both<R> {
  return { sealed: figure(sealed), restored: figure(restored) };
}

function leastDone({ sealed, restored }: Both<Throughput>): number {
  return Math.min(sealed.doneBefore, restored.doneBefore);
}

function judged({ sealed, restored }: Both<Throughput>, leastRatio: number): Neighbour {
  return { sealed, restored, ratio: Math.min(sealed.ratio, restored.ratio), leastRatio };
}
