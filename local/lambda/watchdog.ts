/**
 * Ends frozen sandboxes when the local AWS itself was killed by SIGKILL. A stopped process does not notice that its
 * parent is gone. One small process that is never stopped therefore keeps their pids (see watchdog-program.ts).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from './compile-cache.ts';

export interface Watchdog {
  readonly pid: number | undefined;
  /** Makes `pid` die when this process does. */
  watch(pid: number): void;
  /** Forgets `pid`, which has ended and may soon be another process's. */
  unwatch(pid: number): void;
  /** Kills every process still watched and ends the watchdog. */
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
  // A watchdog that died can be told nothing more. The sandboxes go on without it.
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
