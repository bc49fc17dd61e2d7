import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { RESTORE_BUCKET, VAULT_BUCKET } from '../../laptop/names.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';

const run = promisify(execFile);
/** The last resort against a command that never ends. The commands bundle the functions, which takes a busy machine a minute. */
const COMMAND_SECONDS = 140;
const TIMEOUT_MS = 4 * COMMAND_SECONDS * 1000;
const README = new URL('../../README.md', import.meta.url);

let pipeline: Pipeline;
let commands: readonly string[];
beforeAll(async () => {
  pipeline = await startPipeline({ stepByStep: true });
  const lines = (await readFile(README, 'utf8')).split('\n');
  commands = lines.filter((line) => line.includes('sls invoke local'));
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

/** Runs the command as the README has it; only the port differs. */
async function invoke(name: string): Promise<unknown> {
  const command = commands.find((line) => line.includes(`-f ${name} `)) ?? 'false';
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: pipeline.local.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const { stdout } = await run(
    'sh',
    ['-c', `timeout ${COMMAND_SECONDS} ${command.replace(/^(\S+=\S+ )/u, 'env $1')}`],
    {
      env,
    },
  );
  return JSON.parse(/^\{\n[\s\S]*/mu.exec(stdout)?.[0] ?? stdout);
}

test('takes an object through by hand with the commands of the README', { timeout: TIMEOUT_MS }, async () => {
  expect(commands).toHaveLength(8);

  expect(await invoke('ingest')).toEqual({ batchItemFailures: [] });
  expect(await pipeline.depth('chunks')).toBe(1);

  expect(await invoke('encrypt')).toEqual({ batchItemFailures: [] });
  expect(await pipeline.exists(VAULT_BUCKET, 'acme/objects/hello.txt')).toBe(true);

  expect(await invoke('restore')).toMatchObject({ tenantId: 'acme', key: 'hello.txt', sizeBytes: 14 });
  expect((await pipeline.read(RESTORE_BUCKET, 'acme/hello.txt')).toString()).toBe('Hello, vault.\n');

  expect(await invoke('revoke')).toEqual({ outcome: 'revoked', tenantIds: ['acme'] });
});

test.each([
  ['watch', { tenants: 3, revoked: 0, activated: 0, failed: 0 }],
  ['onboard', { tenantId: 'initech', status: 'active' }],
  ['rotate-branch-key', { tenantId: 'initech', branchKeyId: expect.stringMatching(/^initech\./u) }],
  ['offboard', { tenantId: 'globex', status: 'suspended' }],
])('%s, deployed, takes its event as well', async (name, answer) => {
  const text = await readFile(new URL(`../../events/${name}.json`, import.meta.url), 'utf8');
  const event = z.looseObject({}).parse(JSON.parse(text));
  expect(await pipeline.client.invoke(name, event)).toMatchObject(answer);
});
