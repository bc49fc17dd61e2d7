/**
 * Ends frozen sandboxes when the local AWS itself was SIGKILLed. A stopped process notices nothing, not even that
 * its parent is gone, so one small process that is never stopped keeps their pids (see watchdog-program.ts).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from './compile-cache.ts';

export interface Watchdog {
  readonly pid: number | undefined;
  /** From now on `pid` dies when this process does. */
  watch(pid: number): void;
  /** `pid` has ended; it may soon be somebody else's. */
  unwatch(pid: number): void;
  /** Kills what is still watched and ends the watchdog. */
  close(): Promise<void>;
}

export function startWatchdog(): Watchdog {
  const program = fileURLToPath(new URL('./watchdog-program.ts', import.meta.url));
  const child = spawn(process.execPath, [program], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
  });
  const exited = once(child, 'exit');
  // A watchdog that died can't be told anything more; the sandboxes go on without it.
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    watch: (pid) => void child.stdin.write(`+${pid}\n`),
    unwatch: (pid) => void child.stdin.write(`-${pid}\n`),
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
