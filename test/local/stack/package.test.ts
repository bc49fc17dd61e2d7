import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageStack, STACK_SOURCES } from '../../../local/stack/package.ts';
import { REGION } from '../../../laptop/names.ts';
import { sourceHash } from '../../../local/stack/source-hash.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** `sls` takes long on a busy machine. */
const mapSchema = z.object({ sources: z.array(z.string()) });
let projectFolder: string;

const configuration = `
service: fixture
plugins: [serverless-esbuild]
provider: { name: aws, runtime: nodejs24.x }
custom: { esbuild: { bundle: true, format: cjs, outputFileExtension: .cjs, sourcemap: true, keepOutputDirectory: true } }
package: { individually: true }
functions:
  one: { handler: functions/one.handler, environment: { SIZE: "\${env:FIXTURE_SIZE, 'unset'}" } }
`;

/** Makes a project of one function that uses the tools of this project, and keeps a cache of its own. */
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
afterAll(async () => {
  delete process.env['FIXTURE_SIZE'];
  await rm(projectFolder, { recursive: true, force: true });
});

async function writeFunction(text: string): Promise<void> {
  const source = `export const handler = async (): Promise<string> => '${text}';\n`;
  await writeFile(path.join(projectFolder, 'functions', 'one.ts'), source);
}

test('two processes that package at once get the same finished result, and leave nothing behind', async () => {
  process.env['FIXTURE_SIZE'] = '42';
  const options = { projectFolder, region: 'us-east-1' };
  const [one, two] = await Promise.all([packageStack(options), packageStack(options)]);
  expect(one).toEqual(two);
  expect(one.stackName).toBe('fixture-local');
  expect(one.template.Resources['OneLambdaFunction']).toMatchObject({
    Type: 'AWS::Lambda::Function',
    Properties: { Environment: { Variables: { SIZE: '42' } } },
  });
  const { handler } = createRequire(import.meta.url)(path.join(one.codeFolder, 'functions', 'one.cjs'));
  expect(await handler()).toBe('first');
  const map = JSON.parse(await readFile(path.join(one.codeFolder, 'functions', 'one.cjs.map'), 'utf8'));
  const source = path.resolve(one.codeFolder, 'functions', map.sources[0]);
  expect(source).toBe(path.join(projectFolder, 'functions', 'one.ts'));
  expect(
    await readdir(path.join(projectFolder, 'node_modules', '.cache', 'sealstream', 'stack')),
  ).toHaveLength(1);
  expect(await readdir(projectFolder)).not.toContain('.serverless');
});

test('a result is used again as long as nothing changed', async () => {
  process.env['FIXTURE_SIZE'] = '42';
  const options = { projectFolder, region: 'us-east-1' };
  const { codeFolder } = await packageStack(options);
  await writeFile(path.join(codeFolder, 'mark'), '');
  const again = await packageStack(options);
  expect(await readdir(again.codeFolder)).toContain('mark');
});

test('what our own functions are bundled from is what decides whether they are packaged again', async () => {
  const { codeFolder } = await packageStack({ projectFolder: root, region: REGION });
  const folder = path.join(codeFolder, 'functions');
  const folders = new Set<string | undefined>();
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.map')) continue;
    const { sources } = mapSchema.parse(JSON.parse(await readFile(path.join(folder, name), 'utf8')));
    for (const source of sources)
      folders.add(path.relative(root, path.resolve(folder, source)).split(path.sep)[0]);
  }
  folders.delete('node_modules');
  expect(folders).toContain('functions');
  expect(STACK_SOURCES).toEqual(expect.arrayContaining([...folders]));
});

test('the hash of the sources changes with a file, its name and its place', async () => {
  const folder = path.join(projectFolder, 'hashed');
  const file = path.join(folder, 'functions', 'a.ts');
  const hash = (): Promise<string> => sourceHash(folder, ['functions', 'missing.json'], ['extra']);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, 'one');
  const first = await hash();
  expect(await hash()).toBe(first);
  await writeFile(file, 'two');
  const second = await hash();
  await rename(file, path.join(folder, 'functions', 'b.ts'));
  expect(new Set([first, second, await hash()]).size).toBe(3);
});

test('a project that does not build fails with what sls said', async () => {
  await writeFile(path.join(projectFolder, 'functions', 'one.ts'), 'import "./missing.ts";\n');
  await expect(packageStack({ projectFolder, region: 'us-east-1' })).rejects.toThrow('missing.ts');
});
