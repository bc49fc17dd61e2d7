/**
 * One sandbox: a warm process that runs one function, one invocation at a time. It is frozen between invocations,
 * so that timers and cached keys behave as they do in Lambda.
 */
import { randomUUID } from 'node:crypto';
import type { LocalClock } from '../front/clock.ts';
import type { FunctionLine } from './function-log.ts';
import { failure, type Invocation, type InvocationResult, type LambdaFunction } from './function.ts';
import { type Outcome, type SandboxProcess, startProcess } from './sandbox-process.ts';
import type { Watchdog } from './watchdog.ts';

export interface SandboxDependencies {
  /** The endpoint of AWS inside the sandbox. */
  readonly endpoint: string;
  /** The clock that the sandbox's wall clock follows. */
  readonly clock: LocalClock;
  readonly watchdog: Watchdog;
  readonly onLog: (line: FunctionLine) => void;
}

export interface SandboxInfo {
  readonly function: string;
  readonly pid: number;
  readonly session: string;
  readonly invocations: number;
  /** Peak resident memory at the last response; 0 before the first. */
  readonly peakResidentBytes: number;
}

export interface Sandbox {
  /** Precondition: no other invocation of this sandbox is running. Never rejects. */
  invoke(invocation: Invocation): Promise<InvocationResult>;
  info(): SandboxInfo;
  /** True until the process has ended, was killed, or timed out. */
  alive(): boolean;
  kill(): void;
  readonly exited: Promise<void>;
}

/** Milliseconds that Lambda grants every sandbox to load, in addition to the first invocation's own timeout. */
const INIT_MS = 10_000;
const MAX_RESPONSE_BYTES = 6_291_556;

/** Starts a process. The bundle loads while the first invocation already waits for it. */
export function startSandbox(fn: LambdaFunction, dependencies: SandboxDependencies): Sandbox {
  const session = randomUUID();
  const onLine = (line: string): void => dependencies.onLog({ function: fn.name, session, line });
  const child = startProcess(fn, session, { ...dependencies, onLine });
  const ready = child.next(INIT_MS + fn.timeoutSeconds * 1000);
  const state = { alive: true, invocations: 0, peakResidentBytes: 0 };
  const exited = child.exited.then(() => void (state.alive = false));

  const kill = (): void => {
    state.alive = false;
    child.kill();
  };
  const settle = (outcome: Outcome): void => {
    if ('peakResidentBytes' in outcome) state.peakResidentBytes = outcome.peakResidentBytes;
    if (isEnd(outcome)) kill();
    else child.freeze();
  };
  return {
    async invoke(invocation) {
      state.invocations += 1;
      onLine(`START RequestId: ${invocation.requestId} Version: $LATEST`);
      const loaded = await ready;
      const startedMs = performance.now();
      const outcome = loaded.kind === 'ready' ? await exchange(child, fn, invocation) : loaded;
      settle(outcome);
      onLine(`END RequestId: ${invocation.requestId}`);
      onLine(report(fn, invocation, performance.now() - startedMs, state.peakResidentBytes));
      return resultOf(outcome, fn, invocation);
    },
    info: () => ({
      function: fn.name,
      pid: child.pid,
      session,
      invocations: state.invocations,
      peakResidentBytes: state.peakResidentBytes,
    }),
    alive: () => state.alive,
    kill,
    exited,
  };
}

async function exchange(
  child: SandboxProcess,
  fn: LambdaFunction,
  { requestId, event }: Invocation,
): Promise<Outcome> {
  const timeoutMs = fn.timeoutSeconds * 1000;
  const answer = child.next(timeoutMs);
  child.thaw();
  child.send({ requestId, event, deadlineMs: Date.now() + timeoutMs, invokedFunctionArn: fn.arn });
  return await answer;
}

function isEnd(outcome: Outcome): boolean {
  return outcome.kind === 'exit' || outcome.kind === 'timeout' || (outcome.kind === 'error' && outcome.fatal);
}

function resultOf(outcome: Outcome, fn: LambdaFunction, { requestId }: Invocation): InvocationResult {
  switch (outcome.kind) {
    case 'response':
      return responseOf(outcome.payload);
    case 'error':
      return { payload: JSON.stringify(outcome.error), functionError: 'Unhandled' };
    case 'exit':
      return failure('Runtime.ExitError', `RequestId: ${requestId} Error: ${outcome.reason}`);
    case 'timeout': {
      const reason = `Task timed out after ${fn.timeoutSeconds.toFixed(2)} seconds`;
      return failure('Sandbox.Timedout', `RequestId: ${requestId} Error: ${reason}`);
    }
    case 'ready':
    default:
      // The runtime is ready only once, before the first exchange.
      return failure('Runtime.Unknown', `RequestId: ${requestId} Error: Runtime got ready twice`);
  }
}

function responseOf(payload: string): InvocationResult {
  if (Buffer.byteLength(payload) <= MAX_RESPONSE_BYTES) return { payload };
  return failure(
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
  );
}

function report(
  fn: LambdaFunction,
  { requestId }: Invocation,
  durationMs: number,
  peakBytes: number,
): string {
  return [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs)} ms`,
    `Memory Size: ${fn.memoryMegabytes} MB`,
    `Max Memory Used: ${Math.ceil(peakBytes / 2 ** 20)} MB`,
  ].join('\t');
}
