/** The local Lambda: functions by ARN, their sandboxes, and the two ways to invoke them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalClock } from '../front/clock.ts';
import type { Authorizer, PolicyStatement } from '../iam/authorizer.ts';
import { senderRequest } from '../iam/service-principal.ts';
import { AwsError, type HttpService, type Sender } from '../front/service.ts';
import { createLambdaApi } from './api.ts';
import { requireInvoke } from './invoke-access.ts';
import { type AsyncInvoker, createAsyncInvoker } from './async-invoke.ts';
import type { DeployedFunction } from './deployed-function.ts';
import type { FunctionLine } from './function-log.ts';
import type { LambdaFunction } from './function.ts';
import { createPool, type SandboxPool } from './pool.ts';
import type { Sandbox, SandboxInfo } from './sandbox.ts';
import { startWatchdog } from './watchdog.ts';

export interface LambdaOptions {
  /** The endpoint of AWS for sandboxes and pollers. */
  readonly endpoint: string;
  readonly clock: LocalClock;
  readonly accountId: string;
  readonly region: string;
  readonly authorizer: Authorizer;
  readonly sandboxesPerFunction: number;
  readonly onLog: (line: FunctionLine) => void;
  /**
   * Milliseconds before the retries of an asynchronous invocation. Default 1,000 and 2,000: a sixtieth of AWS's one
   * and two minutes, so that nobody waits that long at a laptop.
   */
  readonly asyncRetryDelaysMs?: readonly [number, number];
}

export interface Lambda extends HttpService {
  /** Adds a function. `permissions` is its resource policy (AddPermission), none by default. */
  addFunction(
    fn: LambdaFunction,
    reservedConcurrency?: number,
    permissions?: readonly PolicyStatement[],
  ): DeployedFunction;
  find(functionArn: string): DeployedFunction | undefined;
  /** Returns the ARN that a name, ARN or partial ARN stands for, whether or not the function exists. */
  arnOf(nameOrArn: string): string;
  /**
   * Invokes asynchronously, and resolves when the event is accepted.
   * @throws ResourceNotFoundException (404), or AccessDeniedException (403) for a sender whom the function's policy
   * does not allow
   */
  deliver(functionArn: string, payload: object, sender?: Sender): Promise<void>;
  /** Returns every living sandbox. */
  sandboxes(): readonly SandboxInfo[];
  /** Kills the sandbox of that session. It does nothing when the sandbox has ended already. */
  kill(session: string): void;
  /** Waits up to `graceMs` for running invocations (not for retries), then kills every sandbox. */
  close(graceMs: number): Promise<void>;
}

export function createLambda(options: LambdaOptions): Lambda {
  const watchdog = startWatchdog();
  const functions = new Map<string, DeployedFunction>();
  const pools = (): SandboxPool[] => [...functions.values()].map(({ pool }) => pool);
  const living = (): Sandbox[] => pools().flatMap((pool) => [...pool.sandboxes()]);
  const arnOf = (nameOrArn: string): string => functionArn(nameOrArn, options);
  const find = (arn: string): DeployedFunction | undefined => functions.get(arnOf(arn));
  return {
    ...createLambdaApi({ authorizer: options.authorizer, arnOf, find }),
    arnOf,
    find,
    addFunction(fn, reservedConcurrency = Infinity, permissions = []) {
      const maximumSandboxes = Math.min(options.sandboxesPerFunction, reservedConcurrency);
      const pool = createPool(fn, maximumSandboxes, { ...options, watchdog });
      const deployed = { pool, asyncInvoker: asyncInvokerOf(pool, options), permissions };
      functions.set(fn.arn, deployed);
      return deployed;
    },
    async deliver(arn, payload, sender) {
      const deployed = find(arn);
      if (!deployed) throw new AwsError('ResourceNotFoundException', 404, `Function not found: ${arn}`);
      const { fn } = deployed.pool;
      if (sender)
        requireInvoke(options.authorizer, { ...senderRequest(sender), functionArn: fn.arn }, deployed);
      deployed.asyncInvoker.accept({ requestId: randomUUID(), event: JSON.stringify(payload) });
    },
    sandboxes: () => living().map((sandbox) => sandbox.info()),
    kill: (session) =>
      living()
        .find((sandbox) => sandbox.info().session === session)
        ?.kill(),
    async close(graceMs) {
      for (const { asyncInvoker } of functions.values()) asyncInvoker.close();
      await waitAtMost(graceMs, Promise.all(pools().map((pool) => pool.idle())));
      await Promise.all(pools().map((pool) => pool.close()));
      await watchdog.close();
    },
  };
}

function asyncInvokerOf(pool: SandboxPool, options: LambdaOptions): AsyncInvoker {
  const { endpoint, onLog, asyncRetryDelaysMs: retryDelaysMs = [1000, 2000] } = options;
  const onLine = (line: string): void => onLog({ function: pool.fn.name, session: '', line });
  return createAsyncInvoker({ pool, endpoint, retryDelaysMs, onLine });
}

/** Returns the ARN of a `name`, `account:function:name` or full ARN, each with or without `:$LATEST`. */
function functionArn(nameOrArn: string, { accountId, region }: LambdaOptions): string {
  const unqualified = nameOrArn.replace(/:\$LATEST$/, '');
  if (unqualified.startsWith('arn:')) return unqualified;
  const partial = unqualified.includes(':') ? unqualified : `${accountId}:function:${unqualified}`;
  return `arn:aws:lambda:${region}:${partial}`;
}

async function waitAtMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  try {
    await Promise.race([work, delay(limitMs, undefined, { signal: done.signal })]);
  } finally {
    done.abort();
  }
}
