/**
 * The languages that have a stock AWS Encryption SDK, and how each program is made. Everything that is installed or
 * built is kept in `node_modules/.cache/interop`, under the versions that the program's own files pin.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isOnPath } from '../support/found-tool.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/interop', import.meta.url));

/** A program and its first arguments. */
export type CommandLine = readonly [string, ...string[]];

interface Language {
  readonly tools: readonly string[];
  /** True when its program writes messages too. */
  readonly writes: boolean;
  /**
   * True when its SDK counts the frames itself and never reads their numbers. The tag covers the count, so a flipped
   * number changes nothing: such a message opens, to the right plaintext.
   */
  readonly ignoresFrameNumbers?: boolean;
  /** Makes the program and returns its command line. */
  readonly make: () => Promise<CommandLine>;
}

export const LANGUAGES: Readonly<Record<string, Language>> = {
  python: { tools: ['python3'], writes: true, make: makePython },
  java: { tools: ['java', 'mvn'], writes: false, ignoresFrameNumbers: true, make: makeJava },
  go: { tools: ['go'], writes: false, make: makeGo },
};

/** A reason for which a language cannot take part on this machine. */
export class Unavailable extends Error {}

/** Returns the command line of a language's program. @throws Unavailable when it cannot be made here */
export async function programOf({ tools, make }: Language): Promise<CommandLine> {
  for (const tool of tools) if (!(await isOnPath(tool))) throw new Unavailable(`${tool} is not installed`);
  return await make();
}

async function makePython(): Promise<CommandLine> {
  const requirements = join(FOLDER, 'python/requirements.txt');
  const digest = createHash('sha256').update(await readFile(requirements));
  const environment = join(CACHE, `python-${digest.digest('hex').slice(0, 16)}`);
  const python = join(environment, 'bin/python');
  const complete = join(environment, 'complete');
  if (!existsSync(complete)) {
    await rm(environment, { recursive: true, force: true });
    await mkdir(CACHE, { recursive: true });
    await install('python3', ['-m', 'venv', environment]);
    const quietly = ['--quiet', '--disable-pip-version-check', '--retries=1', '--no-deps'];
    await install(python, ['-m', 'pip', 'install', ...quietly, '-r', requirements]);
    await writeFile(complete, '');
  }
  return [python, join(FOLDER, 'python/program.py')];
}

async function makeJava(): Promise<CommandLine> {
  const classPath = join(CACHE, 'java-class-path');
  await mkdir(CACHE, { recursive: true });
  const pom = join(FOLDER, 'java/pom.xml');
  const output = `-Dmdep.outputFile=${classPath}`;
  await install('mvn', ['--quiet', '--batch-mode', '--file', pom, 'dependency:build-classpath', output]);
  return ['java', '-cp', (await readFile(classPath, 'utf8')).trim(), join(FOLDER, 'java/Program.java')];
}

async function makeGo(): Promise<CommandLine> {
  const program = join(CACHE, 'go-program');
  await mkdir(CACHE, { recursive: true });
  await install('go', ['build', '-mod=readonly', '-o', program, '.'], join(FOLDER, 'go'));
  return [program];
}

/** Runs a step that needs a registry. @throws Unavailable with the last line that it printed */
async function install(program: string, args: readonly string[], cwd = FOLDER): Promise<void> {
  try {
    await promisify(execFile)(program, args, { cwd, maxBuffer: 64 * 1_048_576 });
  } catch (error) {
    const lines = error instanceof Error ? error.message.trim().split('\n') : [];
    throw new Unavailable(`${program} ${args.slice(0, 3).join(' ')} failed: ${lines.at(-1) ?? ''}`);
  }
}
