import { beforeEach, describe, expect, test } from 'vitest';
import { branchKeyGrants, messageGrants } from '../support/memory-kms.ts';
import { ISV } from '../support/onboarding-inputs.ts';
import {
  faultsOf,
  KEK_ARN,
  MRK,
  type OnboardingWorld,
  onboardingWorld,
  OTHER,
  REPLICA,
} from '../support/onboarding-world.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const kekArn = KEK_ARN;

let world: OnboardingWorld;
beforeEach(() => {
  world = onboardingWorld();
});

describe('a key policy', () => {
  test('without a grant gives each missing statement', async () => {
    world.kms.key(kekArn).grants = [];
    const judged = await world.add();
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged).map(({ statement }) => statement?.Sid)).toEqual([
      'SealstreamEncrypts',
      'SealstreamRestores',
    ]);
    expect(faultsOf(judged)[0]?.statement?.Condition).toEqual({
      StringEquals: { 'kms:EncryptionContext:tenant-id': 'acme' },
    });
  });

  test('without a grant for hierarchical mode gives the statements of branch keys', async () => {
    world.kms.key(kekArn).grants = [];
    expect(
      faultsOf(await world.add({ keyMode: 'hierarchical' })).map(({ statement }) => statement?.Sid),
    ).toEqual(['SealstreamUnwrapsBranchKeys', 'SealstreamMakesBranchKeys', 'SealstreamVersionsBranchKeys']);
  });

  test.each(['kms:GenerateDataKey', 'kms:Decrypt', 'kms:ReEncrypt'] as const)(
    'is refused when it grants %s without the condition: we could use the key for anybody',
    async (operation) => {
      world.kms.key(kekArn).grants = [...messageGrants('acme'), [operation, '*']];
      const judged = await world.add();
      expect(judged.status).toBe('pending');
      expect(faultsOf(judged)).toContainEqual(
        expect.objectContaining({
          check: 'context-condition',
          message: expect.stringMatching(/for anybody/u),
        }),
      );
    },
  );

  test.each(['acme*', '*acme', 'acme-*', '*-acme', 'ac*', '*e', 'acm?', '?cme', 'acme?*'])(
    'gives a warning when it grants the same to every tenant like %s; strict refuses it',
    async (like) => {
      world.kms.key(kekArn).grants = [...messageGrants('acme'), ...messageGrants(like)];
      const strict = await world.add({ strict: true });
      expect(strict.status).toBe('pending');
      expect(faultsOf(strict)).toMatchObject([
        {
          check: 'context-condition',
          severity: 'warning',
          message: expect.stringContaining('too: a tenant of such an id'),
          fix: expect.stringContaining('StringEquals'),
          statement: { Sid: 'SealstreamEncrypts' },
        },
      ]);
      expect((await world.add()).status).toBe('active');
    },
  );

  test('is proven for the role that tried it, and the others are named', async () => {
    const { findings } = await world.add();
    const grants = findings.filter(({ check }) => check === 'grant').map(({ message }) => message);
    const [control, encrypt, restore] = [ISV.controlRoleArn, ISV.encryptRoleArn, ISV.restoreRoleArn].map(
      (arn) => arn.split('/')[1] ?? '',
    );
    expect(grants).toEqual([
      expect.stringContaining(`to ${control}, which tried it by a dry run; not proven for ${encrypt}`),
      expect.stringContaining(`to ${control}, which tried it by a dry run; not proven for ${restore}`),
    ]);
    world.kms.key(OTHER).grants = branchKeyGrants('acme');
    const hierarchical = await world.ask({ action: 'change-key', kekArn: OTHER, keyMode: 'hierarchical' });
    const unwraps = hierarchical.findings.find(({ message }) => message.includes('kms:Decrypt'))?.message;
    expect(unwraps).toContain(`not proven for ${encrypt} and ${restore}`);
  });

  test('that grants kms:* is refused', async () => {
    const everything = ['GenerateDataKey', 'Decrypt', 'ReEncrypt', 'CreateGrant', 'ListGrants'] as const;
    world.kms.key(kekArn).grants = everything.map((operation) => [`kms:${operation}`, '*']);
    const faults = faultsOf(await world.add());
    expect(faults).toContainEqual(
      expect.objectContaining({
        check: 'excess',
        severity: 'error',
        message: expect.stringMatching(/kms:\*/u),
      }),
    );
  });

  test.each([['kms:CreateGrant'], ['kms:GenerateDataKeyWithoutPlaintext']] as const)(
    'gives a warning when it also grants %s; strict refuses it',
    async (operation) => {
      world.kms.key(kekArn).grants = [...messageGrants('acme'), [operation, 'acme'], [operation, '']];
      const strict = await world.add({ strict: true });
      expect(strict.status).toBe('pending');
      expect(faultsOf(strict)).toMatchObject([{ check: 'excess', severity: 'warning' }]);
      expect((await world.add()).status).toBe('active');
    },
  );

  test('of another tenant’s key is told apart from one without a grant', async () => {
    world.tenants.records.set('globex', GLOBEX);
    world.kms.key(GLOBEX.kekArn).grants = messageGrants('globex');
    const judged = await world.add({ kekArn: GLOBEX.kekArn });
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged)[0]).toMatchObject({
      check: 'grant',
      message: expect.stringMatching(/registered for another tenant/u),
    });
  });

  test.each(['pending', 'offboarded'] as const)(
    'gives the missing statement, although a tenant that is %s has named the same key',
    async (status) => {
      world.tenants.records.set('acme', ACME);
      world.tenants.records.set('wrong', { ...GLOBEX, kekArn, status });
      world.kms.key(kekArn).grants = [];
      const faults = faultsOf(await world.ask({ action: 'check' }));
      expect(faults.map(({ statement }) => statement?.Sid)).toEqual([
        'SealstreamEncrypts',
        'SealstreamRestores',
      ]);
      expect(faults.map(({ message }) => message).join('')).not.toContain('another tenant');
    },
  );

  test('that fails changes nothing about an active tenant of the same key', async () => {
    world.tenants.records.set('acme', ACME);
    expect((await world.ask({ action: 'add', tenantId: 'wrong', kekArn })).status).toBe('pending');
    expect(world.tenants.records.get('acme')).toBe(ACME);
  });

  test('is checked for each replica by itself', async () => {
    world.kms.key(MRK).description = { multiRegion: true, relatedArns: [REPLICA] };
    world.kms.key(REPLICA).grants = [];
    const faults = faultsOf(await world.add({ kekArn: MRK, replicaArns: [REPLICA] }));
    const grants = faults.filter(({ check }) => check === 'grant');
    expect(grants).toHaveLength(2);
    expect(grants.every(({ message }) => message.includes('eu-west-1'))).toBe(true);
  });
});
