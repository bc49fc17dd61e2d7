/**
 * One sandbox as seen from outside: everything it asks of the world goes through its gate, where it may die before or
 * after any call, or be kept waiting for the answer.
 */
import { errorOf } from '../../../shared/errors.ts';
import { noteActivity } from './virtual-time.ts';

/** What happens at the `at`th call from now, counted from 1. */
export interface Mishap {
  readonly at: number;
  /** `die`: a dead sandbox asks nothing and is told nothing. `wait`: until released, or the caller gives up. */
  readonly what: 'die' | 'wait';
  readonly when: 'before' | 'after';
}

export interface Gate {
  readonly dead: boolean;
  /** Replaces whatever was to happen. */
  plan(mishap: Mishap | undefined): void;
  /** Asks the world. A call with a signal is given up when that aborts; one that is not `patient` never waits. */
  pass<T>(call: () => T | Promise<T>, signal?: AbortSignal, patient?: boolean): Promise<T>;
  /** All that waits goes on, and nothing more is to happen. */
  release(): void;
  kill(): void;
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

  async function strike(
    when: Mishap['when'],
    call: number,
    signal: AbortSignal | undefined,
    patient: boolean,
  ): Promise<void> {
    if (mishap?.at !== call || mishap.when !== when) return;
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
      const number = calls;
      await strike('before', number, signal, patient);
      requireAlive();
      const result = await call();
      await strike('after', number, signal, patient);
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

/** The port as one sandbox has it: every call, and every piece of what streams in, goes through its gate. */
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
 * An answer that is old when it comes has nothing to say about now: reads of the epoch come at once or fail. And a
 * manifest that is under way cannot be called back.
 */
const IMPATIENT: ReadonlySet<string> = new Set(['tenant', 'tenantAndPlan', 'putManifest']);

/** Calls that answer with a listing at once; it is read page by page. */
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
