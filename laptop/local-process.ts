/**
 * Starts `npm run local` as a process of its own, as the demo, the benchmarks and the tests use it: whoever starts it
 * never shares its event loop, and it ends when its starter does. Its S3 verifies signatures: whoever starts it so
 * signs with the secret `local`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { COMPILE_CACHE } from '../local/lambda/compile-cache.ts';

export interface LocalProcess {
  readonly endpoint: string;
  /** A temporary folder, removed at the end; `functions.log` is there. */
  readonly dataDir: string;
  /** Asks the control API of the local AWS, e.g. `sandboxes`. */
  ask<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** Tells it something: posts `body`, or deletes without one. */
  tell(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void>;
  close(): Promise<void>;
}

export interface LocalProcessOptions {
  /** Default 2. */
  readonly sandboxes?: number;
  /** No queue invokes a function, and acme/hello.txt is uploaded. Default false. */
  readonly stepByStep?: boolean;
  /** Default 0: any free port. */
  readonly port?: number;
}

const readySchema = z.object({ endpoint: z.string(), dataDir: z.string() });
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** Resolves when it is ready. Throws, with what it printed, when it ends before that. */
export async function startLocalProcess(options: LocalProcessOptions = {}): Promise<LocalProcess> {
  const child = spawn(process.execPath, [MAIN, '--json', ...argumentsOf(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
  });
  const { endpoint, dataDir } = await readyLine(child);
  return {
    endpoint,
    dataDir,
    ask: async (path, schema) => schema.parse(await (await control(endpoint, 'GET', path)).json()),
    async tell(method, path, body) {
      await control(endpoint, method, path, body);
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function control(endpoint: string, method: string, path: string, body?: object): Promise<Response> {
  const response = await fetch(`${endpoint}/_local/${path}`, { method, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} /_local/${path} answered ${response.status}`);
  return response;
}

function argumentsOf({ sandboxes = 2, stepByStep = false, port = 0 }: LocalProcessOptions): string[] {
  return [
    '--port',
    String(port),
    '--sandboxes',
    String(sandboxes),
    '--verify-signatures',
    ...(stepByStep ? ['--step-by-step'] : []),
  ];
}

async function readyLine(child: ChildProcess): Promise<z.infer<typeof readySchema>> {
  const errors: string[] = [];
  if (child.stdout === null || child.stderr === null) throw new Error('the local AWS has no output to read');
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  for await (const line of createInterface(child.stdout)) {
    return readySchema.parse(JSON.parse(line));
  }
  throw new Error(`the local AWS did not start:\n${errors.join('\n')}`);
}
