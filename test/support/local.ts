/** Starts `laptop/main.ts` as a process of its own, as `npm run local` does. */
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

export interface LocalProcess {
  readonly process: ChildProcess;
  readonly endpoint: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly tenants: readonly {
    readonly tenantId: string;
    readonly accountId: string;
    readonly kekArn: string;
  }[];
  /** Ends it as Ctrl-C does; resolves to the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

export const MAIN: string = fileURLToPath(new URL('../../laptop/main.ts', import.meta.url));

const readySchema = z.object({
  ready: z.literal(true),
  endpoint: z.string(),
  environment: z.record(z.string(), z.string()),
  tenants: z.array(z.object({ tenantId: z.string(), accountId: z.string(), kekArn: z.string() })),
});

/** Resolves once it is ready; rejects with what it wrote to stderr where it ends before. */
export async function startLocalProcess(
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<LocalProcess> {
  const options: SpawnOptions = {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  };
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--json', ...args], options);
  const errors = child.stderr === null ? '' : text(child.stderr);
  const exited = once(child, 'exit');
  const ready = readySchema.safeParse(await firstLine(child));
  if (!ready.success) {
    await exited;
    throw new Error(`The local AWS did not start: ${await errors}`);
  }
  return {
    process: child,
    ...ready.data,
    async stop(signal = 'SIGINT') {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<unknown> {
  if (stdout === null) return undefined;
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  return undefined;
}
