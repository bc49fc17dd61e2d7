/**
 * The stack in the form in which it would be deployed: `sls package` bundles the functions and compiles
 * serverless.yml into a CloudFormation template. The result is kept under a hash of its sources, so that a second
 * start costs nothing.
 *
 * Packaging works in a folder of its own, with links to the project. Two processes may therefore package at once,
 * and the developer's own `sls package` is not disturbed. Source maps point at the project's own files.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { runServerless } from './run-serverless.ts';
import { sourceHash } from './source-hash.ts';
import { parseTemplate, type Template } from './template/template.ts';

export interface PackagedStack {
  /** `{service}-{stage}`. */
  readonly stackName: string;
  readonly template: Template;
  /** The deployment package of every function: bundles and their source maps. */
  readonly codeFolder: string;
}

export interface PackageOptions {
  /** The folder of serverless.yml. */
  readonly projectFolder: string;
  readonly region: string;
  /** Default `local`. */
  readonly stage?: string;
}

interface Build extends Required<PackageOptions> {
  readonly variables: Readonly<Record<string, string>>;
}

/** The files that decide the result. All other files of the project are links, for the bundler to find packages. */
export const STACK_SOURCES: readonly string[] = [
  'serverless.yml',
  'functions',
  'shared',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
const CODE_FOLDER = path.join('.esbuild', '.build');
const TEMPLATE_FILE = path.join('.serverless', 'cloudformation-template-update-stack.json');
const STATE_FILE = path.join('.serverless', 'serverless-state.json');

/**
 * Packages the stack, or returns the kept result.
 * @throws Error with the output of `sls` when the stack cannot be packaged
 */
export async function packageStack(options: PackageOptions): Promise<PackagedStack> {
  const { projectFolder, region, stage = 'local' } = options;
  const variables = await environmentVariables(projectFolder);
  const cache = path.join(projectFolder, 'node_modules', '.cache', 'sealstream', 'stack');
  const hash = await sourceHash(projectFolder, STACK_SOURCES, [stage, region, JSON.stringify(variables)]);
  const folder = path.join(cache, hash);
  return (await read(folder, stage)) ?? (await build(folder, { projectFolder, region, stage, variables }));
}

async function build(folder: string, options: Build): Promise<PackagedStack> {
  await mkdir(path.dirname(folder), { recursive: true });
  await removeOld(path.dirname(folder));
  const workFolder = await mkdtemp(`${folder}-`);
  try {
    await link(options.projectFolder, workFolder);
    const { projectFolder, stage, region, variables } = options;
    const args = ['package', '--stage', stage, '--region', region];
    await runServerless({ projectFolder, workFolder, args, variables });
    // Another process may have put the same result there first.
    await rename(workFolder, folder).catch(() => undefined);
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
  const packaged = await read(folder, options.stage);
  if (!packaged) throw new Error(`sls package left no template in ${folder}`);
  return packaged;
}

/** Removes results that are older than a week, and what killed processes left behind. */
async function removeOld(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const folder = path.join(cache, name);
    const ageMs = Date.now() - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (ageMs > KEEP_MS) await rm(folder, { recursive: true, force: true });
  }
}

/** Links the project's files. serverless.yml must be a file, because `sls` does not see a link. */
async function link(projectFolder: string, workFolder: string): Promise<void> {
  for (const name of await readdir(projectFolder)) {
    if (name.startsWith('.')) continue;
    const [from, to] = [path.join(projectFolder, name), path.join(workFolder, name)];
    await (name === 'serverless.yml' ? cp(from, to) : symlink(from, to));
  }
}

/** Returns the variables of our own environment that serverless.yml asks for as `${env:NAME}`, and no others. */
async function environmentVariables(projectFolder: string): Promise<Record<string, string>> {
  const configuration = await readFile(path.join(projectFolder, 'serverless.yml'), 'utf8');
  const names = new Set(Array.from(configuration.matchAll(/\$\{env:(\w+)/g), ([, name = '']) => name));
  return Object.fromEntries(
    [...names].sort().flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

const serverlessState = z.object({
  service: z.object({
    service: z.string(),
    provider: z.object({ stackName: z.string().optional() }),
  }),
});

const KEEP_MS = 7 * 24 * 3600 * 1000;

/** Reads a finished result; undefined when there is none. */
async function read(folder: string, stage: string): Promise<PackagedStack | undefined> {
  try {
    const template = parseTemplate(JSON.parse(await readFile(path.join(folder, TEMPLATE_FILE), 'utf8')));
    const state = serverlessState.parse(JSON.parse(await readFile(path.join(folder, STATE_FILE), 'utf8')));
    const { service, provider } = state.service;
    const stackName = provider.stackName ?? `${service}-${stage}`;
    return { stackName, template, codeFolder: path.join(folder, CODE_FOLDER) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
