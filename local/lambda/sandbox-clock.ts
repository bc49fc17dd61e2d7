/**
 * The wall clock inside a sandbox, which follows the clock of the local AWS. Timers and `performance.now` stay
 * real, as they do on a machine whose clock is set.
 */

/** Returns real milliseconds since the epoch, whatever `setClockOffset` was told. */
export const realNow: () => number = Date.now.bind(Date);

let offsetMs = 0;

/** Sets `Date` ahead of real time by `ms` milliseconds. */
export function setClockOffset(ms: number): void {
  offsetMs = ms;
}

/** Replaces the global `Date`. */
export function installClock(): void {
  const RealDate = Date;
  RealDate.now = now;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, input, newTarget) =>
      Object(Reflect.construct(target, input.length === 0 ? [now()] : input, newTarget)),
  });
  RealDate.prototype.constructor = globalThis.Date;
}

function now(): number {
  return realNow() + offsetMs;
}
