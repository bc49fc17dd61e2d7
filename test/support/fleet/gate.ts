/**
 * The gate of a sandbox. Every call that the sandbox makes goes through it. There the sandbox may die before or after
 * the call, or may be kept waiting for the answer.
 */
import { errorOf } from '../../../shared/errors.ts';
import { noteActivity } from './virtual-time.ts';

/** A mishap at the `at`th call from now, counted from 1. */
export interface Mishap {
  readonly at: number;
  /** `die`: the sandbox makes no more calls and gets no more answers. `wait`: it waits until the gate releases it, or the caller gives up. */
  readonly what: 'die' | 'wait';
  readonly when: 'before' | 'after';
}

export interface Gate {
  readonly dead: boolean;
  /** Plans the next mishap, in place of any that was planned. */
  plan(mishap: Mishap | undefined): void;
  /** Makes a call. It is given up when its signal aborts. A call that is not `patient` never waits. */
  pass<T>(call: () => T | Promise<T>, signal?: AbortSignal, patient?: boolean): Promise<T>;
  /** Lets go on all that waits, and drops the planned mishap. */
  release(): void;
  kill(): void;
}

interface GatedCall {
  readonly number: number;
  readonly signal: AbortSignal | undefined;
  readonly patient: boolean;
}

export function gate(): Gate {
  const waiting = new Set<PromiseWithResolvers<void>>();
  let mishap: Mishap | undefined;
  let calls = 0;
  let dead = false;

  function requireAlive(): void {
    noteActivity();
    if (dead) throw new Error('the sandbox is dead');
  }

  function kill(): void {
    dead = true;
    for (const waiter of waiting) waiter.reject(new Error('the sandbox died'));
    waiting.clear();
  }

  async function strike(when: Mishap['when'], { number, signal, patient }: GatedCall): Promise<void> {
    if (mishap?.at !== number || mishap.when !== when) return;
    const { what } = mishap;
    mishap = undefined;
    if (what === 'die') kill();
    else if (patient) await wait(signal);
  }

  async function wait(signal: AbortSignal | undefined): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    const giveUp = (): void => waiter.reject(errorOf(signal?.reason));
    waiting.add(waiter);
    signal?.addEventListener('abort', giveUp);
    try {
      await waiter.promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
      waiting.delete(waiter);
      noteActivity();
    }
  }

  return {
    get dead() {
      return dead;
    },
    plan(next) {
      mishap = next;
      calls = 0;
    },
    async pass(call, signal, patient = true) {
      requireAlive();
      signal?.throwIfAborted();
      calls += 1;
      const passing = { number: calls, signal, patient };
      await strike('before', passing);
      requireAlive();
      const result = await call();
      await strike('after', passing);
      requireAlive();
      return result;
    },
    release() {
      mishap = undefined;
      for (const waiter of waiting) waiter.resolve();
    },
    kill,
  };
}

/** Returns the port as one sandbox has it: every call, and every piece of a stream, goes through its gate. */
export function gated<T extends object>(port: T, sandbox: Gate): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]): unknown => {
        const signal = args.find((arg) => arg instanceof AbortSignal);
        const call = (): unknown => Reflect.apply(member, target, args);
        if (LISTINGS.has(String(name))) return throughGate(call(), sandbox, signal);
        const patient = !IMPATIENT.has(String(name));
        return sandbox.pass(async () => throughGate(await call(), sandbox, signal), signal, patient);
      };
    },
  });
}

/**
 * The calls that never wait. A late answer about the epoch says nothing about now, so reads of it come at once or fail.
 * And nobody can call back a manifest that is under way.
 */
const IMPATIENT: ReadonlySet<string> = new Set(['tenant', 'tenantAndPlan', 'putEntry']);

/** The calls that return a listing at once. It is read page by page. */
const LISTINGS: ReadonlySet<string> = new Set(['listChunks', 'all', 'ofKek', 'allReceipts', 'missingChunks']);

function throughGate(answer: unknown, sandbox: Gate, signal: AbortSignal | undefined): unknown {
  return isStream(answer) ? piecewise(answer, sandbox, signal) : answer;
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}

async function* piecewise(
  stream: AsyncIterable<unknown>,
  sandbox: Gate,
  signal: AbortSignal | undefined,
): AsyncGenerator {
  for await (const piece of stream) yield await sandbox.pass(() => piece, signal);
}
