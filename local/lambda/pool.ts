/**
 * The sandboxes of one function: started on demand up to a limit, kept warm, replaced when they die. Lambda would
 * answer 429 beyond a function's concurrency. On a laptop that number is 2 rather than 1,000, so invocations wait
 * for their turn instead.
 */
import pLimit from 'p-limit';
import { failure, type Invocation, type InvocationResult, type LambdaFunction } from './function.ts';
import { type Sandbox, type SandboxDependencies, startSandbox } from './sandbox.ts';

export interface SandboxPool {
  readonly fn: LambdaFunction;
  /** The most sandboxes this function may have. */
  readonly maximumSandboxes: number;
  /** Waits for a free sandbox, then for the function. Never rejects. */
  invoke(invocation: Invocation): Promise<InvocationResult>;
  /** Returns the sandboxes whose process lives. */
  sandboxes(): readonly Sandbox[];
  /** Resolves when no invocation runs or waits. */
  idle(): Promise<void>;
  /** Kills every sandbox and waits until the processes are gone. */
  close(): Promise<void>;
}

export function createPool(
  fn: LambdaFunction,
  maximumSandboxes: number,
  dependencies: SandboxDependencies,
): SandboxPool {
  const limit = pLimit(maximumSandboxes);
  const all = new Set<Sandbox>();
  const free: Sandbox[] = [];
  const running = new Set<Promise<unknown>>();

  let closed = false;

  const invokeOne = async (invocation: Invocation): Promise<InvocationResult> => {
    if (closed) return failure('ServiceException', 'The local AWS is closing');
    const sandbox = takeLiving(free) ?? start(fn, dependencies, all);
    const result = await sandbox.invoke(invocation);
    if (sandbox.alive()) free.push(sandbox);
    return result;
  };
  return {
    fn,
    maximumSandboxes,
    async invoke(invocation) {
      const result = limit(() => invokeOne(invocation));
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
      }
    },
    sandboxes: () => [...all].filter((sandbox) => sandbox.alive()),
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
    async close() {
      closed = true;
      for (const sandbox of all) sandbox.kill();
      await Promise.all([...all].map((sandbox) => sandbox.exited));
    },
  };
}

/** Returns the most recently used sandbox that still lives, which Lambda prefers too. */
function takeLiving(free: Sandbox[]): Sandbox | undefined {
  while (free.length > 0) {
    const sandbox = free.pop();
    if (sandbox?.alive()) return sandbox;
  }
  return undefined;
}

function start(fn: LambdaFunction, dependencies: SandboxDependencies, all: Set<Sandbox>): Sandbox {
  const sandbox = startSandbox(fn, dependencies);
  all.add(sandbox);
  void sandbox.exited.then(() => all.delete(sandbox));
  return sandbox;
}
