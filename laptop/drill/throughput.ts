/** The work of one tenant before and after the button. */

export interface Throughput {
  /** The amount of work in the time before the button. */
  readonly doneBefore: number;
  /** Per second. */
  readonly before: number;
  readonly after: number;
  /** `after / before`; where nothing was done before, 1. */
  readonly ratio: number;
}

/** Milliseconds since 1970. */
export interface Span {
  readonly startedMs: number;
  readonly pressedMs: number;
  readonly endedMs: number;
}

const SLICES = 20;

/**
 * In equal times: the mean of the middle half of short slices, so that no hiccup of the machine decides, and yet every
 * piece of work counts (a plain median of small whole numbers would jump from one to the next).
 * `doneMs`: when each piece of work was done, milliseconds since 1970.
 */
export function throughput(doneMs: readonly number[], pressedMs: number, windowMs: number): Throughput {
  const before = rate(doneMs, pressedMs - windowMs, windowMs);
  const after = rate(doneMs, pressedMs, windowMs);
  const doneBefore = doneMs.filter((atMs) => atMs >= pressedMs - windowMs && atMs < pressedMs).length;
  return { doneBefore, before, after, ratio: before === 0 ? 1 : after / before };
}

/**
 * The plain means of the whole times before and after the button: for work that comes in bursts. Where nothing was
 * done at all, the ratio is 0.
 */
export function meanThroughput(doneMs: readonly number[], span: Span): Throughput {
  const { startedMs, pressedMs, endedMs } = span;
  const count = (fromMs: number, toMs: number): number =>
    doneMs.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
  const doneBefore = count(startedMs, pressedMs);
  const before = (doneBefore * 1000) / (pressedMs - startedMs);
  const after = (count(pressedMs, endedMs) * 1000) / (endedMs - pressedMs);
  const ratio = before === 0 ? Math.sign(after) : after / before;
  return { doneBefore, before, after, ratio };
}

function rate(doneMs: readonly number[], fromMs: number, windowMs: number): number {
  const slices = Array.from({ length: SLICES }, () => 0);
  for (const atMs of doneMs) {
    const slice = Math.floor(((atMs - fromMs) / windowMs) * SLICES);
    if (slice in slices) slices[slice] = (slices[slice] ?? 0) + 1;
  }
  const middle = slices.sort((one, other) => one - other).slice(SLICES / 4, -SLICES / 4);
  const done = middle.reduce((sum, count) => sum + count, 0);
  return (done * 1000) / (windowMs / 2);
}
