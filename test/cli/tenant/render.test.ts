import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { render } from '../../../shared/handover/render.ts';
import { inAccount, type } from '../command-line.ts';
import { EXISTING_KEY } from '../../support/onboarding-inputs.ts';
import { KEK_ARN } from './answers.ts';

inAccount();

const FUTURE = ['tenant', 'render', 'acme', '--account', '111111111111', '--key-region', 'eu-central-1'];

test('asks for a new key with replicas and several modes', async () => {
  const more = ['--replica-region', 'eu-west-1', '--key-mode', 'cached', 'hierarchical', '--json'];
  const answers = [{ returns: { tenantId: 'acme', files: [] } }];
  const { exitCode, invocations } = await type([...FUTURE, ...more], { answers });
  expect(exitCode).toBe(0);
  expect(invocations.map(({ event }) => event)).toEqual([
    {
      action: 'render',
      tenantId: 'acme',
      tenantAccountId: '111111111111',
      keyRegion: 'eu-central-1',
      replicaRegions: ['eu-west-1'],
      keyModes: ['cached', 'hierarchical'],
    },
  ]);
});

test('writes every rendered file into the folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rendered-'));
  const files = render(EXISTING_KEY);
  const answers = [{ returns: { tenantId: 'acme', files } }];
  const args = ['tenant', 'render', 'acme', '--kek-arn', KEK_ARN, '--out', folder];
  const { exitCode, out } = await type(args, { answers });
  expect(exitCode).toBe(0);
  expect(out).toContain(folder);
  expect(new Set(await readdir(folder))).toEqual(new Set(files.map(({ name }) => name)));
  await rm(folder, { recursive: true });
});

test.each(['../escaped', '/etc/escaped', '.hidden', 'a/b'])(
  'writes no file of the name %s, whatever the function answers',
  async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'rendered-'));
    const answers = [{ returns: { tenantId: 'acme', files: [{ name, text: '' }] } }];
    const { exitCode } = await type([...FUTURE, '--out', folder], { answers });
    expect(exitCode).toBe(3);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  },
);
