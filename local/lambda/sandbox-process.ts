/** The operating-system process of a sandbox: it is started, stopped, continued, and asked over its channel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LocalClock } from '../front/clock.ts';
import type { LambdaFunction } from './function.ts';
import {
  type ClockMessage,
  type InvokeMessage,
  isRuntimeMessage,
  type RuntimeMessage,
} from './runtime-message.ts';
import { sandboxEnvironment } from './sandbox-environment.ts';
import type { Watchdog } from './watchdog.ts';

/** The end of a wait for the runtime. */
export type Outcome =
  RuntimeMessage | { readonly kind: 'exit'; readonly reason: string } | { readonly kind: 'timeout' };

export interface SandboxProcess {
  readonly pid: number;
  readonly exited: Promise<void>;
  /** Resolves to the runtime's next message. Call it before the message that causes the answer. */
  next(timeoutMs: number): Promise<Outcome>;
  send(message: InvokeMessage): void;
  /** Sends SIGSTOP. Windows has no such signal: there the process runs on. */
  freeze(): void;
  thaw(): void;
  kill(): void;
}

export interface ProcessDependencies {
  /** The endpoint of AWS inside the sandbox. */
  readonly endpoint: string;
  /** The clock that the sandbox's wall clock follows. */
  readonly clock: LocalClock;
  readonly watchdog: Watchdog;
  readonly onLine: (line: string) => void;
}

export function startProcess(
  fn: LambdaFunction,
  session: string,
  dependencies: ProcessDependencies,
): SandboxProcess {
  const { clock, watchdog } = dependencies;
  const child = spawnRuntime(fn, session, dependencies);
  // An error means that the process is gone, which `next` reports.
  const send = (message: InvokeMessage | ClockMessage): void => void child.send(message, () => undefined);
  const unsubscribe = clock.onAdvance(() => send({ clockOffsetMs: clock.offsetMs() }));
  const exited = watchExit(child, watchdog).finally(unsubscribe);
  for (const stream of [child.stdout, child.stderr])
    if (stream) void forwardLines(stream, dependencies.onLine);
  return {
    pid: child.pid ?? 0,
    exited,
    next: (timeoutMs) => nextOutcome(child, timeoutMs),
    send,
    freeze: () => sendSignal(child, 'SIGSTOP'),
    thaw: () => sendSignal(child, 'SIGCONT'),
    kill: () => void child.kill('SIGKILL'),
  };
}

function spawnRuntime(
  fn: LambdaFunction,
  session: string,
  { endpoint, clock }: ProcessDependencies,
): ChildProcess {
  const program = fileURLToPath(new URL('./runtime.ts', import.meta.url));
  // The heap gets nine tenths, as in Lambda's Node runtime.
  const heapMegabytes = Math.floor((fn.memoryMegabytes * 9) / 10);
  return spawn(
    process.execPath,
    [`--max-old-space-size=${heapMegabytes}`, program, String(clock.offsetMs())],
    {
      cwd: fn.codeFolder,
      env: sandboxEnvironment(fn, session, endpoint),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own keeps Ctrl-C away: the local AWS gets it and ends its sandboxes in order.
      detached: true,
    },
  );
}

async function watchExit(child: ChildProcess, watchdog: Watchdog): Promise<void> {
  if (child.pid) watchdog.watch(child.pid);
  await once(child, 'exit').catch(() => undefined);
  if (child.pid) watchdog.unwatch(child.pid);
}

async function nextOutcome(child: ChildProcess, timeoutMs: number): Promise<Outcome> {
  const settled = new AbortController();
  const options = { signal: settled.signal };
  try {
    return await Promise.race([
      nextMessage(child, settled.signal),
      nextExit(child, settled.signal),
      delay(timeoutMs, { kind: 'timeout' } as const, options),
    ]);
  } catch (error) {
    // A process that could not be started has an error but no exit.
    return { kind: 'exit', reason: `Runtime failed to start: ${String(error)}` };
  } finally {
    settled.abort();
  }
}

/**
 * Resolves when the process ends. It listens anew each time, because reactions to one lasting promise would pile
 * up.
 */
async function nextExit(child: ChildProcess, signal: AbortSignal): Promise<Outcome> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal });
  return { kind: 'exit', reason: exitReason(child) };
}

async function nextMessage(child: ChildProcess, signal: AbortSignal): Promise<RuntimeMessage> {
  for await (const [message] of on(child, 'message', { signal }))
    if (isRuntimeMessage(message)) return message;
  throw new Error('Unreachable: the channel of a sandbox ends by an abort only');
}

/** Returns Lambda's words for the end of a runtime. */
function exitReason({ exitCode, signalCode }: ChildProcess): string {
  if (signalCode === 'SIGKILL') return 'Runtime exited with error: signal: killed';
  if (signalCode === 'SIGABRT') return 'Runtime exited with error: signal: aborted (core dumped)';
  if (signalCode !== null) return `Runtime exited with error: signal: ${signalCode}`;
  if (exitCode === 0) return 'Runtime exited without providing a reason';
  return `Runtime exited with error: exit status ${exitCode}`;
}

function sendSignal(child: ChildProcess, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (process.platform !== 'win32') child.kill(name);
}

async function forwardLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) onLine(line);
}
