import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { inAccount, type, typed } from './command-line.ts';
import { startLambda } from './lambda-stand-in.ts';

inAccount();

const EMPTY = { returns: { tenants: [] } };
const COMMANDS = [
  'render',
  'add',
  'check',
  'show',
  'list',
  'change-key',
  'rotate',
  'suspend',
  'resume',
  'remove',
] as const;

test.each(COMMANDS)('tenant %s --help shows examples and the options of every command', async (name) => {
  const { exitCode, out } = await typed(['tenant', name, '--help']);
  expect(exitCode).toBe(0);
  expect(out).toContain(`$ npx sealstream tenant ${name}`);
  expect(out).toContain('--endpoint-url');
});

test('says what the exit codes mean', async () => {
  const { exitCode, out } = await typed(['--help']);
  expect(exitCode).toBe(0);
  expect(out).toContain('Exit codes:');
});

test('invokes the function of stage dev, in the region of the environment', async () => {
  const { exitCode, invocations } = await type(['tenant', 'list'], { answers: [EMPTY] });
  expect(exitCode).toBe(0);
  expect(invocations).toEqual([
    {
      functionName: 'sealstream-dev-onboard',
      event: { action: 'list', limit: 1000 },
      region: 'us-east-1',
      accessKeyId: '000000000000',
    },
  ]);
});

test('invokes the function of another stage in another region', async () => {
  const args = ['tenant', 'list', '--stage', 'prod', '--region', 'eu-central-1'];
  const { invocations } = await type(args, { answers: [EMPTY] });
  expect(invocations).toMatchObject([{ functionName: 'sealstream-prod-onboard', region: 'eu-central-1' }]);
});

test('knows AWS_DEFAULT_REGION, as the AWS CLI does', async () => {
  vi.stubEnv('AWS_REGION', undefined);
  vi.stubEnv('AWS_DEFAULT_REGION', 'ap-south-1');
  const { invocations } = await type(['tenant', 'list'], { answers: [EMPTY] });
  expect(invocations).toMatchObject([{ region: 'ap-south-1' }]);
});

test('finds the endpoint in AWS_ENDPOINT_URL', async () => {
  await using lambda = await startLambda();
  lambda.answer(EMPTY);
  vi.stubEnv('AWS_ENDPOINT_URL', lambda.endpoint);
  expect((await typed(['tenant', 'list'])).exitCode).toBe(0);
  expect(lambda.invocations).toHaveLength(1);
});

test('takes credentials and region from a profile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aws-'));
  await writeFile(join(folder, 'config'), '[profile operator]\nregion = eu-west-3\n');
  await writeFile(
    join(folder, 'credentials'),
    '[operator]\naws_access_key_id = 123456789012\naws_secret_access_key = secret\n',
  );
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  for (const name of ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    vi.stubEnv(name, undefined);
  const { invocations } = await type(['tenant', 'list', '--profile', 'operator'], { answers: [EMPTY] });
  expect(invocations).toMatchObject([{ region: 'eu-west-3', accessKeyId: '123456789012' }]);
  await rm(folder, { recursive: true });
});

test.each([
  [[]],
  [['tenant']],
  [['tenant', 'adopt']],
  [['tenant', 'show']],
  [['tenant', 'show', 'acme', '--tenant', 'globex']],
  [['tenant', 'show', 'Acme!']],
  [['tenant', 'show', 'acme', '--colour']],
  [['tenant', 'add', '--tenant', 'acme']],
  [['tenant', 'add', 'acme', '--kek-arn', 'arn', '--max-key-age', '3601']],
  [['tenant', 'add', 'acme', '--kek-arn', 'arn', '--key-mode', 'none']],
  [['tenant', 'change-key', 'acme']],
  [['tenant', 'render', 'acme']],
  [['tenant', 'remove', 'acme']],
  [['tenant', 'remove', 'acme', '--signed-off-by', 'me']],
])('wrong usage exits 2, says why, and invokes nothing: %j', async (args) => {
  const { exitCode, notes, invocations } = await type(args);
  expect(exitCode).toBe(2);
  expect(notes).not.toBe('');
  expect(invocations).toEqual([]);
});

test('a tenant is named by an argument or by an option', async () => {
  const answers = [{ errorType: 'ERR_TENANT_UNKNOWN', errorMessage: 'no' }];
  const one = await type(['tenant', 'show', 'acme'], { answers });
  const other = await type(['tenant', 'show', '--tenant', 'acme'], { answers });
  expect(one.invocations).toEqual(other.invocations);
});

test('a refusal exits 1 with the code and the message of the function, and no stack trace', async () => {
  const errorMessage = 'tenant acme is not registered; onboard it, then upload again';
  const answers = [{ errorType: 'ERR_TENANT_UNKNOWN', errorMessage }];
  const { exitCode, out, notes } = await type(['tenant', 'show', 'acme'], { answers });
  expect(exitCode).toBe(1);
  expect(out).toBe('');
  expect(notes).toBe(`sealstream: ERR_TENANT_UNKNOWN: ${errorMessage}`);
});

test('with --json a refusal is a document on standard output', async () => {
  const answers = [{ errorType: 'ERR_TENANT_UNKNOWN', errorMessage: 'not registered' }];
  const { exitCode, out, notes } = await type(['tenant', 'show', 'acme', '--json'], { answers });
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toEqual({ error: { code: 'ERR_TENANT_UNKNOWN', message: 'not registered' } });
  expect(notes).toBe('');
});

test.each([
  'ERR_KMS_UNAVAILABLE',
  'ERR_STORAGE_UNAVAILABLE',
  'ERR_STORAGE_MISCONFIGURED',
  'InternalError',
  'Sandbox.Timedout',
])('a function that failed with %s did not refuse: exit 3', async (errorType) => {
  const answers = [{ errorType, errorMessage: 'try again' }];
  expect((await type(['tenant', 'list'], { answers })).exitCode).toBe(3);
});

test.each([
  ['ResourceNotFoundException', 404, '--stage'],
  ['AccessDeniedException', 403, 'lambda:InvokeFunction on sealstream-dev-onboard'],
  ['ExpiredTokenException', 403, '--profile'],
  ['ServiceException', 500, 'sealstream-dev-onboard'],
])('%s of AWS exits 3 and says what to do, after one attempt', async (refusal, status, said) => {
  const answers = [{ refusal, status, message: 'AWS says no' }];
  const { exitCode, notes, invocations } = await type(['tenant', 'list'], { answers });
  expect(exitCode).toBe(3);
  expect(notes).toContain('AWS says no');
  expect(notes).toContain(said);
  expect(invocations).toHaveLength(1);
});

test('without a server at the endpoint it exits 3', async () => {
  const { exitCode, notes } = await typed(['tenant', 'list', '--endpoint-url', 'http://127.0.0.1:1']);
  expect(exitCode).toBe(3);
  expect(notes).toContain('ECONNREFUSED');
});

test('without a region it names the option', async () => {
  vi.stubEnv('AWS_REGION', undefined);
  const { exitCode, notes } = await type(['tenant', 'list']);
  expect(exitCode).toBe(3);
  expect(notes).toContain('--region');
});

test('an answer that this version does not understand is not printed', async () => {
  const { exitCode, out } = await type(['tenant', 'list'], { answers: [{ returns: { tenants: [{}] } }] });
  expect(exitCode).toBe(3);
  expect(out).toBe('');
});

test.each([
  [['tenant', 'banish', 'acme'], "unknown command 'banish'"],
  [['tenant', 'remove', 'acme'], "required option '--signed-off-by <name>' not specified"],
  [['tenant', 'show', 'Acme'], 'is invalid'],
  [['tenant'], 'name a command'],
])('with --json, the wrong usage %j is answered by one JSON document too', async (args, message) => {
  const { exitCode, out } = await type([...args, '--json']);
  expect(exitCode).toBe(2);
  expect(JSON.parse(out)).toEqual({
    error: { code: 'ERR_USAGE', message: expect.stringContaining(message) },
  });
});
