/**
 * Faults on demand, for every service of the local AWS. The front asks for them before it dispatches a request and
 * again before it answers. A fault `after` is the worse one: the operation took effect, but its caller does not
 * learn of it.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import * as z from 'zod';
import type { Clock } from './service.ts';

const effectSchema = z.union([
  z.strictObject({ error: z.strictObject({ code: z.string(), status: z.int().min(400).max(599) }) }),
  z.strictObject({ latencyMs: z.number().nonnegative() }),
  z.strictObject({ kill: z.literal(true) }),
  z.strictObject({ drop: z.literal(true) }),
]);

/** The schema of one fault, as POST /_local/faults takes it. */
export const faultSchema: z.ZodType<Fault> = z.strictObject({
  service: z.string(),
  operation: z.string().optional(),
  role: z.string().optional(),
  match: z.string().optional(),
  when: z.enum(['before', 'after']),
  effect: effectSchema,
  count: z.int().positive().optional(),
  forMs: z.number().positive().optional(),
});

/**
 * `error` answers that error, `latencyMs` waits, at most until the faults are cleared, and `drop` closes the connection. `kill` sends SIGKILL to the
 * sandbox that its session token names as the caller, and closes the connection.
 */
export type FaultEffect =
  | { readonly error: { readonly code: string; readonly status: number } }
  | { readonly latencyMs: number }
  | { readonly kill: true }
  | { readonly drop: true };

export interface Fault {
  readonly service: string;
  /** Default: every operation. */
  readonly operation?: string;
  /** The caller's role name. Default: every caller. */
  readonly role?: string;
  /** A substring of the URL's path, or of the body of a JSON service. Default: every request. */
  readonly match?: string;
  readonly when: 'before' | 'after';
  readonly effect: FaultEffect;
  /** The number of requests that it strikes. Default: every one until it is cleared. */
  readonly count?: number;
  /** Milliseconds of the local clock until it ends. Default: it lasts until it is cleared. */
  readonly forMs?: number;
}

export interface FaultTarget {
  readonly service: string;
  readonly operation: string;
  readonly roleArn?: string;
  /** The URL's path, or the JSON body. */
  readonly text: string;
}

export interface Faults {
  /** Registers a fault and returns its id. */
  add(fault: Fault): string;
  list(): readonly (Fault & { readonly id: string; readonly strikes: number })[];
  clear(): void;
  /** Aborts when the faults that are armed now are cleared. */
  cleared(): AbortSignal;
  /** Returns the effects that would strike now, without counting a strike. */
  peek(when: Fault['when'], target: FaultTarget): readonly FaultEffect[];
  /** Returns the effects that strike now, in the order of their registration, and counts a strike of each. */
  take(when: Fault['when'], target: FaultTarget): readonly FaultEffect[];
}

interface Armed {
  readonly id: string;
  readonly fault: Fault;
  readonly untilMs: number;
  strikes: number;
}

export function createFaults(clock: Clock): Faults {
  const armed: Armed[] = [];
  let clearing = clearingOfAny();
  const striking = (when: Fault['when'], target: FaultTarget): Armed[] =>
    armed.filter((entry) => entry.fault.when === when && strikes(entry, target, clock.now()));
  return {
    add(fault) {
      const id = randomUUID();
      armed.push({ id, fault, untilMs: clock.now() + (fault.forMs ?? Infinity), strikes: 0 });
      return id;
    },
    list: () => armed.map(({ id, fault, strikes: count }) => ({ ...fault, id, strikes: count })),
    clear() {
      armed.splice(0);
      clearing.abort();
      clearing = clearingOfAny();
    },
    cleared: () => clearing.signal,
    peek: (when, target) => striking(when, target).map(({ fault }) => fault.effect),
    take: (when, target) =>
      striking(when, target).map((entry) => {
        entry.strikes += 1;
        return entry.fault.effect;
      }),
  };
}

/** Makes the controller of a signal that any number of requests may wait for. */
function clearingOfAny(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function strikes({ fault, untilMs, strikes: count }: Armed, target: FaultTarget, nowMs: number): boolean {
  return (
    count < (fault.count ?? Infinity) &&
    nowMs < untilMs &&
    fault.service === target.service &&
    (fault.operation === undefined || fault.operation === target.operation) &&
    (fault.role === undefined || target.roleArn?.endsWith(`:role/${fault.role}`) === true) &&
    (fault.match === undefined || target.text.includes(fault.match))
  );
}
