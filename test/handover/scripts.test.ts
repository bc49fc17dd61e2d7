/** Tests of the shell scripts. A POSIX shell runs them with a stand-in for the AWS CLI, which writes down its calls. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OnboardingInput } from '../../shared/handover/input.ts';
import { keyEventPattern } from '../../shared/handover/key-events.ts';
import { EXISTING_KEY, MULTI_REGION_KEY, NEW_KEY } from '../support/onboarding-inputs.ts';
import { writeRendered } from '../support/rendered-files.ts';

interface Run {
  readonly exitCode: number;
  readonly output: string;
  /** The arguments of each call of the CLI. */
  readonly calls: readonly (readonly string[])[];
}

/** The answers of the CLI. The first entry counts whose words all occur in the call. Otherwise: no output, exit code 0. */
type Answers = readonly (readonly [words: string, answer: string | { readonly exitCode: number }])[];

const ID = 'mrk-1234abcd12ab34cd56ef1234567890ab';
const GOOD_TRAIL: Answers = [
  ['describe-trails', 'arn:trail/a'],
  ['get-trail-status', 'True'],
  ['get-event-selectors', 'True'],
];
const FRESH_ACCOUNT: Answers = [
  ['get-caller-identity', '111111111111'],
  ['create-key', ID],
  ['get-role', { exitCode: 254 }],
  ['put-targets', '0'],
  ...GOOD_TRAIL,
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onboarding-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function run(input: OnboardingInput, script: string, answers: Answers): Promise<Run> {
  const here = await mkdtemp(join(folder, 'run-'));
  await writeRendered(input, here);
  const program = join(here, 'aws');
  await writeFile(program, standIn(answers, join(here, 'calls')));
  await chmod(program, 0o755);
  const { exitCode, output } = await shell(join(here, script), here);
  return { exitCode, output, calls: await readCalls(join(here, 'calls')) };
}

/** The stand-in is a shell script, because a shell starts faster than Node and a run makes a dozen calls. */
function standIn(answers: Answers, callsFile: string): string {
  const cases = answers.map(([word, answer]) => {
    const act = typeof answer === 'string' ? `printf '%s\\n' '${answer}'; exit 0` : `exit ${answer.exitCode}`;
    return `case " $* " in *" ${word} "*) ${act} ;; esac`;
  });
  return `#!/bin/sh\nfor word in "$@"; do printf '%s\\0' "$word"; done >>'${callsFile}'\nprintf '\\n\\0' >>'${callsFile}'\n${cases.join('\n')}\n`;
}

async function shell(script: string, path: string): Promise<Pick<Run, 'exitCode' | 'output'>> {
  return await new Promise((resolve) => {
    const env = { PATH: `${path}:${process.env['PATH'] ?? ''}` };
    execFile('sh', [script], { env }, (error, stdout, stderr) => {
      const exitCode = typeof error?.code === 'number' ? error.code : 0;
      resolve({ exitCode, output: stdout + stderr });
    });
  });
}

async function readCalls(file: string): Promise<readonly (readonly string[])[]> {
  const calls = (await readFile(file, 'utf8')).split('\n\0').slice(0, -1);
  return calls.map((call) => call.split('\0').slice(0, -1));
}

const callOf = ({ calls }: Run, operation: string) => calls.filter((call) => call[1] === operation);
const option = (call: readonly string[] | undefined, name: string) => call?.[call.indexOf(name) + 1];

describe('apply.sh', () => {
  test('makes key, alias, role and rule, and checks the trail', async () => {
    const applied = await run(NEW_KEY, 'apply.sh', FRESH_ACCOUNT);
    expect(applied).toMatchObject({ exitCode: 0 });
    expect(applied.output).toContain(`arn:aws:kms:eu-central-1:111111111111:key/${ID}`);
    expect(applied.calls.map(([service, operation]) => `${service} ${operation}`)).toEqual(
      expect.arrayContaining([
        'kms create-key',
        'kms create-alias',
        'kms enable-key-rotation',
        'iam create-role',
        'iam put-role-policy',
        'events put-rule',
        'events put-targets',
        'cloudtrail get-event-selectors',
      ]),
    );
  });

  test('gives every region of a multi-Region key its replica, policy and rule', async () => {
    const applied = await run(MULTI_REGION_KEY, 'apply.sh', FRESH_ACCOUNT);
    const regions = ['eu-central-1', 'us-west-2', 'eu-west-1'];
    expect(callOf(applied, 'create-key')[0]).toContain('--multi-region');
    expect(callOf(applied, 'replicate-key').map((call) => option(call, '--replica-region'))).toEqual(
      regions.slice(1),
    );
    for (const operation of ['put-key-policy', 'create-alias', 'put-rule', 'put-targets']) {
      expect(callOf(applied, operation).map((call) => option(call, '--region'))).toEqual(regions);
    }
  });

  test("sends EventBridge the pattern of the region's key", async () => {
    const rule = callOf(await run(MULTI_REGION_KEY, 'apply.sh', FRESH_ACCOUNT), 'put-rule')[1];
    const arn = `arn:aws:kms:us-west-2:111111111111:key/${ID}`;
    expect(JSON.parse(option(rule, '--event-pattern') ?? '')).toEqual(keyEventPattern({ arn, id: ID }));
  });

  test('makes no second key, alias or role when run again', async () => {
    const again: Answers = [['list-aliases', ID], ['get-role', '{}'], ...FRESH_ACCOUNT];
    const applied = await run(NEW_KEY, 'apply.sh', again);
    expect(applied.exitCode).toBe(0);
    expect(applied.calls.map(([, operation]) => operation)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^create-/u)]),
    );
    expect(callOf(applied, 'update-assume-role-policy')).toHaveLength(1);
  });

  test('only forwards the events of an existing key', async () => {
    const applied = await run(EXISTING_KEY, 'apply.sh', FRESH_ACCOUNT);
    expect(applied.exitCode).toBe(0);
    expect(applied.calls.filter(([service]) => service === 'kms')).toEqual([]);
    expect(callOf(applied, 'put-rule')).toHaveLength(1);
  });

  test.each<[string, Answers]>([
    ['the credentials are of another account', [['get-caller-identity', '222222222222']]],
    ['the aliases cannot be listed', [['list-aliases', { exitCode: 254 }]]],
    ['the key cannot be made', [['create-key', { exitCode: 254 }]]],
    ['EventBridge refuses the target', [['put-targets', '1']]],
    ['no trail logs KMS', [['get-event-selectors', 'False']]],
  ])('fails when %s', async (_name, answers) => {
    const applied = await run(NEW_KEY, 'apply.sh', [...answers, ...FRESH_ACCOUNT]);
    expect(applied.exitCode).not.toBe(0);
  });

  test('changes nothing in another account', async () => {
    const applied = await run(NEW_KEY, 'apply.sh', [
      ['get-caller-identity', '222222222222'],
      ...FRESH_ACCOUNT,
    ]);
    expect(applied.calls).toHaveLength(1);
  });
});

describe('check-trail.sh', () => {
  test.each<[string, Answers, number]>([
    ['a trail logs the writes of KMS', GOOD_TRAIL, 0],
    ['there is no trail', [], 1],
    ['the trail is switched off', [['get-trail-status', 'False'], ...GOOD_TRAIL], 1],
    ['the trail leaves KMS out', [['get-event-selectors', 'False'], ...GOOD_TRAIL], 1],
    [
      'the settings of the trail cannot be read',
      [['get-event-selectors', { exitCode: 254 }], ...GOOD_TRAIL],
      1,
    ],
  ])('when %s', async (_name, answers, exitCode) => {
    expect(await run(NEW_KEY, 'check-trail.sh', answers)).toMatchObject({ exitCode });
  });

  test('one good trail is enough', async () => {
    const off: Answers = [['arn:trail/off', { exitCode: 254 }]];
    const two: Answers = [['describe-trails', 'arn:trail/off arn:trail/a'], ...off, ...GOOD_TRAIL];
    expect(await run(NEW_KEY, 'check-trail.sh', two)).toMatchObject({ exitCode: 0 });
  });

  test('asks in every region of the key, and fails if one has no trail', async () => {
    const missing: Answers = [['--region us-west-2 --query', ''], ...GOOD_TRAIL];
    const checked = await run(MULTI_REGION_KEY, 'check-trail.sh', missing);
    expect(checked.exitCode).toBe(1);
    expect(callOf(checked, 'describe-trails').map((call) => option(call, '--region'))).toEqual([
      'eu-central-1',
      'us-west-2',
      'eu-west-1',
    ]);
  });

  test('fails when the trails cannot be listed', async () => {
    const checked = await run(NEW_KEY, 'check-trail.sh', [['describe-trails', { exitCode: 254 }]]);
    expect(checked.exitCode).toBe(254);
  });
});
