import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const watchdogModule = fileURLToPath(new URL('../../../local/lambda/watchdog.ts', import.meta.url));

/** A program in place of the local AWS: it watches one frozen process, prints both pids, and waits to be killed. */
const parentProgram = `
  import { spawn } from 'node:child_process';
  import { startWatchdog } from ${JSON.stringify(watchdogModule)};
  const sandbox = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
  const watchdog = startWatchdog();
  watchdog.watch(sandbox.pid);
  sandbox.kill('SIGSTOP');
  process.send([sandbox.pid, watchdog.pid]);
`;

test('a frozen process dies when the local AWS is killed, and the watchdog ends with it', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', parentProgram], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [pids] = await once(parent, 'message');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  for (const pid of pids) await expect.poll(() => isAlive(pid), { interval: 20 }).toBe(false);
});

test('a process that is no longer watched outlives the watchdog', async () => {
  const { startWatchdog } = await import('../../../local/lambda/watchdog.ts');
  const survivor = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const watchdog = startWatchdog();
  watchdog.watch(survivor.pid ?? 0);
  watchdog.unwatch(survivor.pid ?? 0);
  await watchdog.close();
  expect(survivor.exitCode).toBeNull();
  expect(survivor.signalCode).toBeNull();
  survivor.kill();
  await once(survivor, 'exit');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
