import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inAccount, type } from '../command-line.ts';
import { DENIED, judged, KEK_ARN, PASSED, REPLICA_ARN, UNHEARD } from './answers.ts';

inAccount();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onboarding-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ADD = ['tenant', 'add', '--tenant', 'acme', '--kek-arn', KEK_ARN];
const ACTIVE = { returns: judged('active', PASSED) };
const FILES = {
  returns: {
    tenantId: 'acme',
    files: [
      { name: 'README.md', text: '# acme\n' },
      { name: 'apply.sh', text: '#!/bin/sh\n' },
    ],
  },
};

test('leaves what is not chosen to the defaults of the function', async () => {
  const { exitCode, invocations } = await type(ADD, { answers: [ACTIVE] });
  expect(exitCode).toBe(0);
  expect(invocations.map(({ event }) => event)).toEqual([
    { action: 'add', tenantId: 'acme', kekArn: KEK_ARN, strict: false },
  ]);
});

test('passes on everything that is chosen', async () => {
  const regions = ['--allowed-region', 'eu-central-1', '--allowed-region', 'eu-west-1'];
  const mode = [
    '--key-mode',
    'hierarchical',
    '--isolation',
    'dedicated',
    '--max-key-age',
    '0',
    '--rotate-with-kek',
  ];
  const args = [...ADD, '--replica', REPLICA_ARN, ...mode, ...regions, '--strict'];
  const { invocations } = await type(args, { answers: [ACTIVE] });
  expect(invocations.map(({ event }) => event)).toEqual([
    {
      action: 'add',
      tenantId: 'acme',
      kekArn: KEK_ARN,
      replicaArns: [REPLICA_ARN],
      keyMode: 'hierarchical',
      isolation: 'dedicated',
      maxKeyAgeSeconds: 0,
      allowedRegions: ['eu-central-1', 'eu-west-1'],
      rotateWithKek: true,
      strict: true,
    },
  ]);
});

test('a failed check exits 1 and shows its fix and the statement to add', async () => {
  const { exitCode, out } = await type(ADD, { answers: [{ returns: judged('pending', PASSED, DENIED) }] });
  expect(exitCode).toBe(1);
  expect(out).toContain(`✓ key-state  ${PASSED.message}`);
  expect(out).toContain(`✗ grant      ${DENIED.message}`);
  expect(out).toContain(`fix: ${DENIED.fix}`);
  expect(out).toContain(JSON.stringify([DENIED.statement], undefined, 2));
  expect(out).toContain('acme is pending: 1 error.');
  expect(out).toContain('--out');
});

test('a statement that several keys lack is shown once', async () => {
  const { out } = await type(ADD, { answers: [{ returns: judged('pending', DENIED, DENIED) }] });
  expect(out.split('"Sid": "SealstreamRestores"')).toHaveLength(2);
  expect(out).toContain('2 errors');
});

test('with a warning the tenant becomes active, unless --strict is set', async () => {
  const lenient = await type(ADD, { answers: [{ returns: judged('active', UNHEARD) }] });
  const strict = await type([...ADD, '--strict'], { answers: [{ returns: judged('pending', UNHEARD) }] });
  expect([lenient.exitCode, strict.exitCode]).toEqual([0, 1]);
  expect(lenient.out).toContain(`! events  ${UNHEARD.message}`);
});

test('--json prints the answer of the function and nothing else', async () => {
  const answer = judged('pending', PASSED, DENIED);
  const { exitCode, out } = await type([...ADD, '--json'], { answers: [{ returns: answer }] });
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toEqual(answer);
});

test('--out writes what the tenant deploys for that key, scripts ready to run', async () => {
  const out = join(folder, 'acme');
  const args = [...ADD, '--replica', REPLICA_ARN, '--key-mode', 'cached', '--out', out, '--json'];
  const { exitCode, invocations, notes, ...printed } = await type(args, { answers: [FILES, ACTIVE] });
  expect(exitCode).toBe(0);
  expect(invocations[0]?.event).toEqual({
    action: 'render',
    tenantId: 'acme',
    tenantAccountId: '111111111111',
    keyRegion: 'eu-central-1',
    keyModes: ['cached'],
    existingKeyArn: KEK_ARN,
    replicaRegions: ['eu-west-1'],
  });
  expect(await readdir(out)).toEqual(['README.md', 'apply.sh']);
  expect((await stat(join(out, 'apply.sh'))).mode & 0o100).toBe(0o100);
  expect(notes).toContain(out);
  expect(JSON.parse(printed.out)).toMatchObject({ status: 'active' });
});

test('--out does not replace a different file, and then registers nothing', async () => {
  await writeFile(join(folder, 'README.md'), 'mine');
  const refused = await type([...ADD, '--out', folder], { answers: [FILES, ACTIVE] });
  expect(refused.exitCode).toBe(2);
  expect(refused.notes).toContain(join(folder, 'README.md'));
  expect(refused.invocations).toHaveLength(1);
  expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('mine');
  const told = await type([...ADD, '--out', folder, '--overwrite'], { answers: [FILES, ACTIVE] });
  expect(told.exitCode).toBe(0);
  expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('# acme\n');
  const again = await type([...ADD, '--out', folder], { answers: [FILES, ACTIVE] });
  expect(again.exitCode).toBe(0);
});

test('for an ARN that is not a key’s, --out writes nothing and the checks say why', async () => {
  const args = ['tenant', 'add', 'acme', '--kek-arn', 'alias/mine', '--out', folder];
  const { exitCode, invocations } = await type(args, {
    answers: [{ returns: judged('unregistered', DENIED) }],
  });
  expect(exitCode).toBe(1);
  expect(invocations).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});
