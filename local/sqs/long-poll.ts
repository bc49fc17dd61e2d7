/** Receivers that wait for messages of a queue. A message, the clock or a caller that hangs up wakes them. */

export interface LongPolls {
  /** Resolves when the queue may have changed, after `timeoutMs`, or when the caller hangs up. */
  wait(arn: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
  wake(arn: string): void;
  wakeAll(): void;
}

export function createLongPolls(): LongPolls {
  const waiting = new Map<string, Set<() => void>>();
  const wake = (arn: string): void => {
    for (const resume of new Set(waiting.get(arn))) resume();
  };
  return {
    async wait(arn, timeoutMs, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const polls = waiting.get(arn) ?? new Set();
      waiting.set(arn, polls.add(resolve));
      const timer = setTimeout(resolve, timeoutMs);
      signal?.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      clearTimeout(timer);
      polls.delete(resolve);
    },
    wake,
    wakeAll() {
      for (const arn of waiting.keys()) wake(arn);
    },
  };
}
