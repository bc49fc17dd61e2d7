/** The time the local AWS spent on each operation of each role, from the request to the end of the answer. */
import type { ServerResponse } from 'node:http';
import type { FaultTarget } from './faults.ts';

export interface Timing {
  readonly service: string;
  readonly operation: string;
  /** The role's name. Undefined for a caller that is no role. */
  readonly role?: string;
  readonly calls: number;
  readonly totalMs: number;
}

export interface Timings {
  /** Counts the operation when its answer has ended. */
  watch(target: Omit<FaultTarget, 'text'>, response: ServerResponse): void;
  entries(): readonly Timing[];
  clear(): void;
}

export function createTimings(): Timings {
  const timings = new Map<string, Timing>();
  return {
    watch({ service, operation, roleArn }, response) {
      const startedAt = performance.now();
      const role = roleArn?.split('/').at(-1);
      const key = JSON.stringify([service, operation, role]);
      response.once('close', () => {
        const { calls, totalMs } = timings.get(key) ?? { calls: 0, totalMs: 0 };
        const elapsedMs = performance.now() - startedAt;
        timings.set(key, { service, operation, role, calls: calls + 1, totalMs: totalMs + elapsedMs });
      });
    },
    entries: () => [...timings.values()],
    clear: () => timings.clear(),
  };
}
