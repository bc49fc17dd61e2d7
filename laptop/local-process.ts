/**
 * Starts `npm run local` as a process of its own: the demo, the drill, the benchmarks and the tests use it so. It does
 * not share the event loop of its starter, and it ends when its starter ends. Its S3 verifies signatures: a client signs
 * with the secret `local`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { COMPILE_CACHE } from '../local/lambda/compile-cache.ts';
import type { SeededTenant } from './seed.ts';

export interface LocalProcess {
  readonly endpoint: string;
  /** The folder that keeps everything. A temporary one is removed at the end. `functions.log` is there. */
  readonly dataDir: string;
  /** The variables that a client exports to reach it as the ISV. */
  readonly environment: Readonly<Record<string, string>>;
  readonly tenants: readonly SeededTenant[];
  /** Asks the control API of the local AWS, e.g. `sandboxes`. */
  ask<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** Tells the control API something: posts `body`, or deletes without one. */
  tell(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void>;
  /** Ends the process by the signal and resolves to its exit code. Default SIGTERM. */
  readonly close: (signal?: NodeJS.Signals) => Promise<number | null>;
}

export interface LocalProcessOptions {
  /** Default 2. */
  readonly sandboxes?: number;
  /** True: no queue invokes a function, and acme/hello.txt is uploaded. Default false. */
  readonly stepByStep?: boolean;
  /** False: only the services, without stack, functions and tenants. Default true. */
  readonly functions?: boolean;
  /** Default 0: any free port. */
  readonly port?: number;
  /** The folder that keeps everything. Default: a temporary one. */
  readonly dataDir?: string;
  /** Environment variables beyond those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

type Ready = Pick<LocalProcess, 'endpoint' | 'dataDir' | 'environment' | 'tenants'>;

const readySchema: z.ZodType<Ready> = z.object({
  endpoint: z.string(),
  dataDir: z.string(),
  environment: z.record(z.string(), z.string()),
  tenants: z.array(z.object({ tenantId: z.string(), accountId: z.string(), kekArn: z.string() })),
});

/** The program that the process runs. */
export const LOCAL_MAIN: string = fileURLToPath(new URL('main.ts', import.meta.url));

/** Resolves when the process is ready. @throws Error with what it printed when it ends before that. */
export async function startLocalProcess(options: LocalProcessOptions = {}): Promise<LocalProcess> {
  const child = spawn(process.execPath, [LOCAL_MAIN, '--json', ...argumentsOf(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, ...options.environment },
  });
  const exited = once(child, 'exit');
  const ready = await readyLine(child);
  const { endpoint } = ready;
  return {
    ...ready,
    ask: async (path, schema) =>
      schema.parse(await (await control(endpoint, path, { method: 'GET' })).json()),
    async tell(method, path, body) {
      await control(endpoint, path, { method, body: JSON.stringify(body) });
    },
    async close(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

async function control(endpoint: string, path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(`${endpoint}/_local/${path}`, init);
  if (!response.ok) throw new Error(`${init.method} /_local/${path} answered ${response.status}`);
  return response;
}

function argumentsOf(options: LocalProcessOptions): string[] {
  const { sandboxes = 2, stepByStep = false, functions = true, port = 0, dataDir } = options;
  return [
    `--port=${port}`,
    `--sandboxes=${sandboxes}`,
    '--verify-signatures',
    ...(stepByStep ? ['--step-by-step'] : []),
    ...(functions ? [] : ['--no-functions']),
    ...(dataDir === undefined ? [] : ['--data', dataDir]),
  ];
}

async function readyLine({ stdout, stderr }: ChildProcess): Promise<Ready> {
  if (stdout === null || stderr === null) throw new Error('the local AWS has no output to read');
  const errors = text(stderr);
  for await (const line of createInterface(stdout)) return readySchema.parse(JSON.parse(line));
  throw new Error(`the local AWS did not start:\n${await errors}`);
}
