/**
 * The stack as it would be deployed: `sls package` bundles the functions and compiles serverless.yml into a
 * CloudFormation template. The result is kept by a hash of what went in, so that a second start costs nothing.
 *
 * Packaging works in a folder of its own, with links to the project: two processes may package at once, and a
 * `sls package` of the developer's is left alone. Source maps point at the project's own files.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { sourceHash } from './source-hash.ts';
import { parseTemplate, type Template } from './template.ts';

export interface PackagedStack {
  /** `{service}-{stage}`. */
  readonly stackName: string;
  readonly template: Template;
  /** What every function's deployment package holds: bundles and their source maps. */
  readonly codeFolder: string;
}

export interface PackageOptions {
  /** The folder of serverless.yml. */
  readonly projectFolder: string;
  readonly region: string;
  /** Default `local`. */
  readonly stage?: string;
}

/** What decides the result: all other files of the project are links for packages to find, no more. */
const sources = [
  'serverless.yml',
  'functions',
  'shared',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
const templateFile = path.join('.serverless', 'cloudformation-template-update-stack.json');
const stateFile = path.join('.serverless', 'serverless-state.json');

/** Throws an Error that carries what `sls` said where the stack can't be packaged. */
export async function packageStack(options: PackageOptions): Promise<PackagedStack> {
  const { projectFolder, region, stage = 'local' } = options;
  const cache = path.join(projectFolder, 'node_modules', '.cache', 'sealstream', 'stack');
  const hash = await sourceHash(projectFolder, sources, [stage, region]);
  const folder = path.join(cache, hash);
  return (await read(folder)) ?? (await build(folder, { projectFolder, region, stage }));
}

async function build(folder: string, options: Required<PackageOptions>): Promise<PackagedStack> {
  await mkdir(path.dirname(folder), { recursive: true });
  const workFolder = await mkdtemp(`${folder}-`);
  try {
    await link(options.projectFolder, workFolder);
    await runServerless(workFolder, options);
    // Another process may have put the same result there first.
    await rename(workFolder, folder).catch(() => undefined);
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
  const packaged = await read(folder);
  if (!packaged) throw new Error(`sls package left no template in ${folder}`);
  return packaged;
}

/** serverless.yml must be a file; `sls` does not see a link. */
async function link(projectFolder: string, workFolder: string): Promise<void> {
  for (const name of await readdir(projectFolder)) {
    if (name.startsWith('.')) continue;
    const [from, to] = [path.join(projectFolder, name), path.join(workFolder, name)];
    await (name === 'serverless.yml' ? cp(from, to) : symlink(from, to));
  }
}

async function runServerless(workFolder: string, options: Required<PackageOptions>): Promise<void> {
  const sls = path.join(options.projectFolder, 'node_modules', 'osls', 'bin', 'serverless.js');
  const args = [sls, 'package', '--stage', options.stage, '--region', options.region];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: workFolder, env: environment(workFolder) });
  } catch (error) {
    const { stdout = '', stderr = '' }: { stdout?: string; stderr?: string } = Object(error);
    throw new Error(`sls package failed:\n${stderr}${stdout}`, { cause: error });
  }
}

/** Offline and quiet; HOME is the work folder, so that nothing is written to the user's. */
function environment(workFolder: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: workFolder,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    NO_COLOR: '1',
  };
}

const serverlessState = z.object({
  service: z.object({
    service: z.string(),
    provider: z.object({ stage: z.string(), stackName: z.string().optional() }),
  }),
});

/** A finished result, or undefined. */
async function read(folder: string): Promise<PackagedStack | undefined> {
  try {
    const template = parseTemplate(JSON.parse(await readFile(path.join(folder, templateFile), 'utf8')));
    const state = serverlessState.parse(JSON.parse(await readFile(path.join(folder, stateFile), 'utf8')));
    const { service, provider } = state.service;
    const stackName = provider.stackName ?? `${service}-${provider.stage}`;
    return { stackName, template, codeFolder: path.join(folder, '.esbuild', '.build') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
