/**
 * The calls of each operation by each role, and the time the local AWS spent on them, from the request to the end of
 * the answer.
 */
import type { ServerResponse } from 'node:http';
import type { FaultTarget } from './faults.ts';

export interface Timing {
  readonly service: string;
  readonly operation: string;
  /** The role's name. Undefined for a caller that is no role. */
  readonly role?: string;
  readonly calls: number;
  readonly totalMs: number;
  /** The units that AWS bills for the calls: read or write units of DynamoDB, requests of the other services. */
  readonly units: number;
}

export interface Timings {
  /** Counts the operation when its answer has ended. Default: one unit. */
  watch(target: Omit<FaultTarget, 'text'>, response: ServerResponse, units?: number): void;
  entries(): readonly Timing[];
  clear(): void;
}

export function createTimings(): Timings {
  const timings = new Map<string, Timing>();
  return {
    watch({ service, operation, roleArn }, response, added = 1) {
      const startedAt = performance.now();
      const role = roleArn?.split('/').at(-1);
      const key = JSON.stringify([service, operation, role]);
      response.once('close', () => {
        const { calls, totalMs, units } = timings.get(key) ?? { calls: 0, totalMs: 0, units: 0 };
        timings.set(key, {
          service,
          operation,
          role,
          calls: calls + 1,
          totalMs: totalMs + performance.now() - startedAt,
          units: units + added,
        });
      });
    },
    entries: () => [...timings.values()],
    clear: () => timings.clear(),
  };
}
