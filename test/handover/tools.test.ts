/** Checks the files by the tools of their formats. A tool that the machine does not have is skipped; every machine has `sh`. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { render } from '../../shared/handover/render.ts';
import { isOnPath } from '../support/found-tool.ts';
import { CASES } from '../support/onboarding-inputs.ts';
import { writeRendered } from '../support/rendered-files.ts';

const run = promisify(execFile);
/** A provider that is not on this machine is a download of 150 MB, which the test does not wait for. */
const PROVIDER_WAIT_MS = 5_000;

let root: string;
let folders: readonly string[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'onboarding-'));
  folders = await Promise.all(
    CASES.map(async ([, input], index) => await writeRendered(input, join(root, `case${index}`))),
  );
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const named = (pattern: RegExp) =>
  CASES.flatMap(([, input], index) =>
    render(input)
      .filter(({ name }) => pattern.test(name))
      .map(({ name }) => join(folders[index] ?? '', name)),
  );

test('a shell can read every script', async () => {
  const scripts = named(/\.sh$/u);
  expect(scripts).toHaveLength(2 * CASES.length);
  await Promise.all(scripts.map(async (script) => await run('sh', ['-n', script])));
});

test('cfn-lint, where there is one, finds nothing in any template', async () => {
  const templates = named(/^cloudformation.*\.json$/u);
  expect(templates.length).toBeGreaterThan(CASES.length);
  if (await isOnPath('cfn-lint')) await run('cfn-lint', templates);
});

test('Terraform, where it is, finds every file formatted and, if it has the provider, valid', async () => {
  await writeFile(join(root, 'main.tf'), folders.map(asModule).join('\n'));
  expect(named(/^main\.tf$/u)).toHaveLength(CASES.length);
  if (!(await isOnPath('terraform'))) return;
  await run('terraform', ['fmt', '-check', '-recursive', root]);
  if (await hasProvider()) await run('terraform', [`-chdir=${root}`, 'validate']);
});

const asModule = (_folder: string, index: number) =>
  `module "case${index}" {\n  source = "./case${index}"\n}\n`;

/** True when Terraform can get the provider, which has the schema for the validation. */
async function hasProvider(): Promise<boolean> {
  try {
    await run('terraform', [`-chdir=${root}`, 'init', '-backend=false'], { timeout: PROVIDER_WAIT_MS });
    return true;
  } catch {
    return false;
  }
}
