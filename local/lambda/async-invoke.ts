/**
 * Asynchronous invocations (InvocationType Event, S3 notifications, EventBridge). An event is accepted at once,
 * tried up to three times, then sent to the function's dead-letter queue and on-failure destination.
 *
 * Events wait in memory. An event that still waits for a retry when the local AWS ends is dropped and logged; AWS
 * would keep it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type AsyncOutcome, deadLetter, invocationRecord } from './async-outcome.ts';
import type { Invocation } from './function.ts';
import type { SandboxPool } from './pool.ts';
import { sendAsRole } from './role-queue.ts';

export interface AsyncInvoker {
  /** Accepts the event. Its failures go to the destinations. */
  accept(invocation: Invocation): void;
  /** Ends every wait for a retry. */
  close(): void;
}

export interface AsyncInvokeDependencies {
  readonly pool: SandboxPool;
  readonly endpoint: string;
  /** Milliseconds before the first and the second retry. AWS: 60,000 and 120,000. */
  readonly retryDelaysMs: readonly [number, number];
  readonly onLine: (line: string) => void;
}

export function createAsyncInvoker(dependencies: AsyncInvokeDependencies): AsyncInvoker {
  const closing = new AbortController();
  const handle = async (invocation: Invocation): Promise<void> => {
    try {
      await settle(await attempt(invocation, dependencies, closing.signal), dependencies);
    } catch (error) {
      dependencies.onLine(`${invocation.requestId} dropped: ${String(error)}`);
    }
  };
  return {
    accept: (invocation) => void handle(invocation),
    close: () => closing.abort(),
  };
}

/** Runs the function until it succeeds, its retries are used up, or the event is too old. */
async function attempt(
  invocation: Invocation,
  { pool, retryDelaysMs }: AsyncInvokeDependencies,
  signal: AbortSignal,
): Promise<AsyncOutcome> {
  const { maximumRetryAttempts, maximumEventAgeSeconds } = pool.fn.asyncInvoke;
  const expiresMs = performance.now() + maximumEventAgeSeconds * 1000;
  for (let invokeCount = 1; ; invokeCount += 1) {
    const result = await pool.invoke(invocation);
    const outcome = { invocation, invokeCount, result };
    if (result.functionError === undefined) return { ...outcome, condition: 'Success' };
    if (invokeCount > maximumRetryAttempts) return { ...outcome, condition: 'RetriesExhausted' };
    await delay(retryDelaysMs[invokeCount - 1], undefined, { signal });
    if (performance.now() > expiresMs) return { ...outcome, condition: 'EventAgeExceeded' };
  }
}

async function settle(
  outcome: AsyncOutcome,
  { pool: { fn }, endpoint }: AsyncInvokeDependencies,
): Promise<void> {
  const { onSuccessArn, onFailureArn, deadLetterArn } = fn.asyncInvoke;
  const record = { body: JSON.stringify(invocationRecord(fn, outcome)) };
  if (outcome.condition === 'Success') {
    if (onSuccessArn) await sendAsRole(fn, endpoint, { queueArn: onSuccessArn, ...record });
    return;
  }
  if (deadLetterArn) await sendAsRole(fn, endpoint, { queueArn: deadLetterArn, ...deadLetter(outcome) });
  if (onFailureArn) await sendAsRole(fn, endpoint, { queueArn: onFailureArn, ...record });
}
