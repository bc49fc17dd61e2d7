/** Runs `sls` offline, and ends it when it has failed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '../lambda/compile-cache.ts';

export interface ServerlessRun {
  readonly projectFolder: string;
  /** The folder of serverless.yml. It is HOME too, so that `sls` writes nothing into the user's home. */
  readonly workFolder: string;
  readonly args: readonly string[];
  /** Environment variables in addition to PATH and those that keep `sls` away from real accounts. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * The folder in which `sls` keeps the validator made of its schema of serverless.yml. Making it takes a quarter of
 * a run.
 */
const SCHEMA_CACHE = fileURLToPath(new URL('../../node_modules/.cache/sealstream/sls', import.meta.url));

/** @throws Error with the output of `sls` unless it ends with exit code 0 */
export async function runServerless({
  projectFolder,
  workFolder,
  args,
  variables,
}: ServerlessRun): Promise<void> {
  const sls = path.join(projectFolder, 'node_modules', 'osls', 'bin', 'serverless.js');
  const child = spawn(process.execPath, [sls, ...args], {
    cwd: workFolder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: workFolder,
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      SLS_SCHEMA_CACHE_BASE_DIR: SCHEMA_CACHE,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      NO_COLOR: '1',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // After a failed build, esbuild's service keeps `sls` alive for good. So this kills `sls` at its closing lines.
  const onLine = (line: string): void => void (line.startsWith('Environment: ') && child.kill('SIGKILL'));
  const [stdout, stderr, [exitCode]] = await Promise.all([
    linesOf(child.stdout, onLine),
    linesOf(child.stderr, onLine),
    once(child, 'exit'),
  ]);
  if (exitCode !== 0) throw new Error([`sls ${args[0]} failed:`, ...stderr, ...stdout].join('\n'));
}

async function linesOf(stream: Readable, onLine: (line: string) => void): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream })) {
    lines.push(line);
    onLine(line);
  }
  return lines;
}
