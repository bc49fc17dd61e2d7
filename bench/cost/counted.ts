/** The calls of the functions, as the front of the local AWS counts them. */
import * as z from 'zod';
import type { LocalProcess } from '../../laptop/local-process.ts';

export interface CountedCall {
  readonly service: string;
  readonly operation: string;
  /** The role of the function that called. A client that is no function has none. */
  readonly role?: string | undefined;
  readonly calls: number;
  /** The units that AWS bills for the calls. */
  readonly units: number;
}

const countedSchema: z.ZodType<readonly CountedCall[]> = z.array(
  z.object({
    service: z.string(),
    operation: z.string(),
    role: z.string().optional(),
    calls: z.number(),
    units: z.number(),
  }),
);

/** Counts the calls of these roles while the work goes on. */
export async function countedDuring(
  local: LocalProcess,
  roles: readonly string[],
  work: () => Promise<void>,
): Promise<readonly CountedCall[]> {
  await local.tell('DELETE', 'timings');
  await work();
  const counted = await local.ask('timings', countedSchema);
  return counted.filter(({ role }) => role !== undefined && roles.includes(role));
}

/** Returns the calls as their share of one of so many objects. */
export function shared(calls: readonly CountedCall[], objects: number): readonly CountedCall[] {
  return calls.map((call) => ({ ...call, calls: call.calls / objects, units: call.units / objects }));
}

export function requestsOf(calls: readonly CountedCall[], service?: string): number {
  return calls
    .filter((call) => service === undefined || call.service === service)
    .reduce((sum, call) => sum + call.calls, 0);
}
