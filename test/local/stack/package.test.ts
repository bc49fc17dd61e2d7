import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageStack } from '../../../local/stack/package.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let projectFolder: string;

const configuration = `
service: fixture
plugins: [serverless-esbuild]
provider: { name: aws, runtime: nodejs24.x }
custom: { esbuild: { bundle: true, format: cjs, sourcemap: true, keepOutputDirectory: true } }
package: { individually: true }
functions:
  one: { handler: functions/one.handler, environment: { SIZE: "\${env:FIXTURE_SIZE, 'unset'}" } }
`;

/** A project of one function that finds its tools where this project has them, and keeps a cache of its own. */
beforeAll(async () => {
  projectFolder = await mkdtemp(path.join(tmpdir(), 'fixture-project-'));
  await mkdir(path.join(projectFolder, 'node_modules'));
  for (const name of ['osls', 'serverless-esbuild', 'esbuild'])
    await symlink(path.join(root, 'node_modules', name), path.join(projectFolder, 'node_modules', name));
  await cp(path.join(root, 'package.json'), path.join(projectFolder, 'package.json'));
  await writeFile(path.join(projectFolder, 'serverless.yml'), configuration);
  await mkdir(path.join(projectFolder, 'functions'));
  await writeFunction('first');
});
afterAll(() => rm(projectFolder, { recursive: true, force: true }));

async function writeFunction(text: string): Promise<void> {
  const source = `export const handler = async (): Promise<string> => '${text}';\n`;
  await writeFile(path.join(projectFolder, 'functions', 'one.ts'), source);
}

async function bundleOf(codeFolder: string): Promise<string> {
  return await readFile(path.join(codeFolder, 'functions', 'one.js'), 'utf8');
}

test('two processes that package at once get the same finished result, and leave nothing behind', async () => {
  const options = { projectFolder, region: 'us-east-1' };
  const [one, two] = await Promise.all([packageStack(options), packageStack(options)]);
  expect(one).toEqual(two);
  expect(one.stackName).toBe('fixture-local');
  expect(one.template.Resources['OneLambdaFunction']?.Type).toBe('AWS::Lambda::Function');
  expect(await bundleOf(one.codeFolder)).toContain('first');
  const map = JSON.parse(await readFile(path.join(one.codeFolder, 'functions', 'one.js.map'), 'utf8'));
  const source = path.resolve(one.codeFolder, 'functions', map.sources[0]);
  expect(source).toBe(path.join(projectFolder, 'functions', 'one.ts'));
  expect(
    await readdir(path.join(projectFolder, 'node_modules', '.cache', 'sealstream', 'stack')),
  ).toHaveLength(1);
  expect(await readdir(projectFolder)).not.toContain('.serverless');
});

test('an unchanged project is not packaged again, a changed one is', async () => {
  const first = await packageStack({ projectFolder, region: 'us-east-1' });
  await writeFunction('second');
  const second = await packageStack({ projectFolder, region: 'us-east-1' });
  expect(second.codeFolder).not.toBe(first.codeFolder);
  expect(await bundleOf(second.codeFolder)).toContain('second');
  await writeFunction('first');
  expect(await packageStack({ projectFolder, region: 'us-east-1' })).toEqual(first);
});

test('a variable that serverless.yml reads from the environment is part of the result', async () => {
  process.env['FIXTURE_SIZE'] = '42';
  const { template } = await packageStack({ projectFolder, region: 'us-east-1' });
  delete process.env['FIXTURE_SIZE'];
  expect(template.Resources['OneLambdaFunction']?.Properties).toMatchObject({
    Environment: { Variables: { SIZE: '42' } },
  });
});

test('a project that does not build fails with what sls said', async () => {
  await writeFile(path.join(projectFolder, 'functions', 'one.ts'), 'import "./missing.ts";\n');
  await expect(packageStack({ projectFolder, region: 'us-east-1' })).rejects.toThrow('missing.ts');
});
