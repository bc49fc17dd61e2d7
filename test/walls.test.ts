import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '..');
const ROOTS = ['functions', 'shared', 'cli', 'local', 'laptop', 'bench', 'test'];

/** Each line is one file in `shared/tenant`, or in the folder named before it, that must not pass. */
const FORBIDDEN: readonly (readonly [line: string, file?: string])[] = [
  ["import { openTable } from '../aws/table.ts';"],
  ["import type { Table } from '../aws/table.ts';"],
  ["export * from '../aws/table.ts';"],
  ["export { openTable } from '../aws/table.ts';"],
  ["export const table = await import('../aws/table.ts');"],
  ["export type Table = import('../aws/table.ts').Table;"],
  ["import table = require('../aws/table.ts');"],
  ["import { openTable } from './../aws/table.ts';"],
  ["import { openTable } from '.././aws/table.ts';"],
  ["import { openTable } from '..//aws/table.ts';"],
  ["import { openTable } from '../aws//table.ts';"],
  ["import { openTable } from '../tenant/../aws/table.ts';"],
  ["import { openTable } from './new/../../aws/table.ts';"],
  ["import { openTable } from '../../shared/aws/table.ts';"],
  ["import { openTable } from '/repository/shared/aws/table.ts';"],
  ["import { openTable } from 'file:///repository/shared/aws/table.ts';"],
  ["import { ACME } from '../../test/support/tenants.ts';"],
  ["import { ACME } from '../../test/a/new/folder/tenants.mjs';"],
  ["import { heap } from '../../bench/heap.ts';"],
  ["import { names } from '../../laptop/names.ts';"],
  ["import { start } from '../../local/start.ts';"],
  ["import config from '../../oxlint.config.ts';"],
  ["import { KMS } from '@aws-sdk/client-kms';"],
  ["import { KMS } from '../../node_modules/@aws-sdk/client-kms/dist-cjs/index.js';"],
  ["import { HttpRequest } from '@smithy/types';"],
  ["import { buildClient } from '@aws-crypto/client-node';"],
  ["import { createRequire } from 'node:module';"],
  ["import { openTable } from '../aws/table.ts';", 'shared/tenant/other.mts'],
  ["import { openTable } from '../aws/table.ts';", 'shared/tenant/other.mjs'],
  ["import { openTable } from '../shared/aws/table.ts';", 'cli/other.mjs'],
  ["import { handler } from '../../functions/encrypt.ts';", 'local/kms/other.ts'],
  ["import { openTable } from '../../shared/aws/table.ts';", 'local/kms/other.ts'],
  ["import { buildClient } from '@aws-crypto/client-node';", 'shared/aws/other.ts'],
];

const ALLOWED: typeof FORBIDDEN = [
  ["export { requireWorking } from './admission.ts';"],
  ["export { SealstreamError } from '../errors.ts';"],
  ["export { HttpRequest } from '@smithy/types';", 'shared/aws/other.ts'],
  ["export { openTable } from '../shared/aws/table.ts';", 'bench/other.ts'],
];

let copy: string;

/** Makes a tree with the folders and the lint rules of this repository, and no other file of it. */
beforeAll(async () => {
  copy = await mkdtemp(path.join(tmpdir(), 'walls-'));
  for (const root of ROOTS) {
    const files = await readdir(path.join(REPOSITORY, root), { recursive: true });
    const folders = new Set(files.filter((file) => file.endsWith('.ts')).map((file) => path.dirname(file)));
    for (const folder of folders) {
      await mkdir(path.join(copy, root, folder), { recursive: true });
      await writeFile(path.join(copy, root, folder, 'placeholder.ts'), '');
    }
  }
  await cp(path.join(REPOSITORY, 'oxlint.config.ts'), path.join(copy, 'oxlint.config.ts'));
  await cp(path.join(REPOSITORY, 'package.json'), path.join(copy, 'package.json'));
  await symlink(path.join(REPOSITORY, 'node_modules'), path.join(copy, 'node_modules'));
});

afterAll(async () => await rm(copy, { recursive: true, force: true }));

test('no spelling of a forbidden import passes the linter, and what is allowed does', async () => {
  const forbidden = await probesOf('forbidden', FORBIDDEN);
  const allowed = await probesOf('allowed', ALLOWED);
  const stopped = await stoppedFiles([...forbidden.keys(), ...allowed.keys()]);
  expect([...forbidden].filter(([file]) => !stopped.has(file)).map(([, line]) => line)).toEqual([]);
  expect([...allowed].filter(([file]) => stopped.has(file)).map(([, line]) => line)).toEqual([]);
});

/** Writes each line to a file of its own. Returns the lines by their files. */
async function probesOf(name: string, lines: typeof FORBIDDEN): Promise<ReadonlyMap<string, string>> {
  const probes = new Map<string, string>();
  for (const [at, [line, like = 'shared/tenant/other.ts']] of lines.entries()) {
    const file = path.posix.join(path.dirname(like), `${name}-${at}${path.extname(like)}`);
    await writeFile(path.join(copy, file), `${line}\n`);
    probes.set(file, line);
  }
  return probes;
}

/** Lints the files. Returns those with an import that a rule forbids. */
async function stoppedFiles(files: readonly string[]): Promise<ReadonlySet<string>> {
  const oxlint = path.join(REPOSITORY, 'node_modules', '.bin', 'oxlint');
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(oxlint, ['--format', 'json', ...files], { cwd: copy }, (_error, stdout) => resolve(stdout));
  const { diagnostics }: { diagnostics: { code: string; filename: string }[] } = JSON.parse(await promise);
  const found = diagnostics.filter(({ code }) => /no-restricted-imports|consistent-type-imports/u.test(code));
  return new Set(found.map(({ filename }) => filename));
}
