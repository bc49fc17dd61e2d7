/**
 * The program of the watchdog's process. It reads `+pid` and `-pid` lines and, when the pipe closes, kills every
 * pid still on its list. The pipe closes however the parent ends, SIGKILL included.
 */
import { createInterface } from 'node:readline';

const watched = new Set<number>();

// Ctrl-C reaches every process of a terminal, but the watchdog must outlive its parent.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) watched.add(pid);
  else watched.delete(pid);
}
for (const pid of watched) killQuietly(pid);

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended already.
  }
}
