/** Notices the death of the process that started this one, which no signal tells. */

/** The pause between two looks at the parent, for a process without a channel to it. */
const LOOK_MS = 500;

/** Calls `react` once when the parent is gone: its IPC channel closes, or this process is handed to another parent. */
export function whenAbandoned(react: () => void): void {
  if (process.channel !== undefined && process.channel !== null) {
    process.once('disconnect', react);
    return;
  }
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    react();
  }, LOOK_MS);
  timer.unref();
}
