import { beforeEach, describe, expect, test } from 'vitest';
import { ourselvesOf } from '../../shared/handover/input.ts';
import type { Finding } from '../../shared/onboarding/finding.ts';
import { branchKeyGrants, type MemoryKey } from '../support/memory-kms.ts';
import { ISV, isvIn, PARTITIONS } from '../support/onboarding-inputs.ts';
import {
  faultsOf,
  KEK_ARN,
  MRK,
  NOW,
  type OnboardingWorld,
  onboardingWorld,
  OTHER,
  REPLICA,
} from '../support/onboarding-world.ts';

const kekArn = KEK_ARN;

let world: OnboardingWorld;
beforeEach(() => {
  world = onboardingWorld();
});

describe('a tenant whose key is as it should be', () => {
  test('is active, and every check says what it saw', async () => {
    const { status, findings } = await world.add({ strict: true });
    expect(status).toBe('active');
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(world.tenants.records.get('acme')).toMatchObject({ status: 'active', epoch: 2, kekArn });
  });

  test('in hierarchical mode has a branch key under its own KEK', async () => {
    world.kms.key(kekArn).grants = branchKeyGrants('acme');
    expect((await world.add({ keyMode: 'hierarchical', strict: true })).status).toBe('active');
    expect(world.branchKeys.made).toEqual(new Map([['acme.1', kekArn]]));
    expect(world.tenants.records.get('acme')?.branchKeyId).toBe('acme.1');
  });

  test('has a record that says that the key is in a custom key store', async () => {
    world.kms.key(kekArn).description = { customKeyStore: true, origin: 'EXTERNAL_KEY_STORE' };
    await world.add();
    expect(world.tenants.records.get('acme')?.customKeyStore).toBe(true);
  });

  test.each(PARTITIONS)('in partition %s (%s) is active there', async (partition, region) => {
    const there = `arn:${partition}:kms:${region}:111111111111:key/9d3ab1c2-0000-4000-8000-111111111111`;
    world.ports = { ...world.ports, ourselves: ourselvesOf(isvIn(partition, region)) };
    expect((await world.add({ kekArn: there })).status).toBe('active');
    const elsewhere = there.replace(`arn:${partition}:`, 'arn:aws-elsewhere:');
    const judged = await world.ask({ action: 'add', tenantId: 'globex', kekArn: elsewhere });
    expect(faultsOf(judged)).toMatchObject([{ check: 'partition' }]);
  });

  test('is not registered a second time', async () => {
    await world.add();
    await expect(world.add()).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
  });
});

describe('a key whose ARN does not pass', () => {
  test.each<[string, Finding['check'], object]>([
    ['an alias', 'key-arn', { kekArn: kekArn.replace(/key\/.*$/u, 'alias/acme') }],
    ['a bare id', 'key-arn', { kekArn: '1234abcd-12ab-34cd-56ef-1234567890ab' }],
    ['a key of another partition', 'partition', { kekArn: kekArn.replace('arn:aws:', 'arn:aws-cn:') }],
    ['a key of our own account', 'account', { kekArn: kekArn.replace('111111111111', ISV.accountId) }],
    ['a key of a forbidden region', 'region', { allowedRegions: ['eu-central-1', 'eu-west-1'] }],
    [
      'a replica in a forbidden region',
      'region',
      { kekArn: MRK, replicaArns: [REPLICA], allowedRegions: ['us-east-1'] },
    ],
    ['a replica of another key', 'replicas', { kekArn: MRK, replicaArns: [REPLICA.replace('1234', '5678')] }],
    [
      'a replica of a key that is not multi-Region',
      'replicas',
      { replicaArns: [kekArn.replace('us-east-1', 'eu-west-1')] },
    ],
    ['a replica in the region of its key', 'replicas', { kekArn: MRK, replicaArns: [MRK] }],
  ])('%s is a finding, and nothing is registered', async (_name, check, settings) => {
    const judged = await world.add(settings);
    expect(judged.status).toBe('unregistered');
    expect(faultsOf(judged)).toMatchObject([{ check, severity: 'error', fix: expect.stringMatching(/./u) }]);
    expect(world.tenants.records.size).toBe(0);
  });
});

describe('a key that is of the wrong kind or state', () => {
  test.each<[Finding['check'], RegExp, MemoryKey['description']]>([
    ['key-type', /asymmetric/u, { spec: 'RSA_2048' }],
    ['key-type', /HMAC/u, { spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' }],
    ['key-type', /KEY_AGREEMENT/u, { usage: 'KEY_AGREEMENT' }],
    ['key-state', /Disabled/u, { state: 'Disabled' }],
    ['key-state', /PendingDeletion/u, { state: 'PendingDeletion' }],
    ['key-state', /PendingImport/u, { state: 'PendingImport' }],
    ['key-state', /Unavailable/u, { state: 'Unavailable' }],
  ])('%s %s leaves the tenant pending', async (check, message, facts) => {
    world.kms.key(kekArn).description = facts;
    const judged = await world.add();
    expect(judged.status).toBe('pending');
    const fault = { check, message: expect.stringMatching(message), fix: expect.stringMatching(/./u) };
    expect(faultsOf(judged)).toMatchObject([fault]);
    expect(world.tenants.records.get('acme')?.status).toBe('pending');
  });

  test.each(['NotFoundException', 'AccessDeniedException'])(
    'is as wrong when KMS answers %s',
    async (exception) => {
      world.kms.key(kekArn).exception = exception;
      const judged = await world.add();
      expect(judged.status).toBe('pending');
      expect(faultsOf(judged)).toMatchObject([{ check: 'key-exists' }]);
    },
  );

  test('is to be checked again when KMS is unreachable: an outage is not a finding', async () => {
    world.kms.key(kekArn).exception = 'KMSInternalException';
    await expect(world.add()).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
  });

  test('gives a warning when its imported material expires', async () => {
    world.kms.key(kekArn).description = { origin: 'EXTERNAL', validTo: new Date('2027-01-01T00:00:00Z') };
    const judged = await world.add();
    expect(judged.status).toBe('active');
    expect(faultsOf(judged)).toMatchObject([{ check: 'key-material', severity: 'warning' }]);
  });

  test('gives a finding when it has no such replica', async () => {
    world.kms.key(MRK).description = {
      multiRegion: true,
      relatedArns: [MRK.replace('us-east-1', 'us-west-2')],
    };
    const faults = faultsOf(await world.add({ kekArn: MRK, replicaArns: [REPLICA] }));
    expect(faults).toContainEqual(expect.objectContaining({ check: 'multi-region' }));
  });
});

describe('a key of which no event arrived', () => {
  beforeEach(() => {
    world.hearings.heard.clear();
  });

  test('gives a warning that says what to run', async () => {
    const judged = await world.add();
    expect(judged.status).toBe('active');
    expect(faultsOf(judged)).toMatchObject([
      { check: 'events', severity: 'warning', fix: expect.stringMatching(/aws kms tag-resource/u) },
    ]);
  });

  test('keeps the tenant pending under strict until an event arrives', async () => {
    expect((await world.add({ strict: true })).status).toBe('pending');
    world.hearings.heard.set(kekArn, NOW.toISOString());
    expect((await world.add({ strict: true })).status).toBe('active');
  });
});

describe('the ciphertexts of the probes', () => {
  test.each([
    ['ThrottlingException', 'ERR_KMS_UNAVAILABLE'],
    ['AccessDeniedException', 'ERR_TENANT_KEY_DENIED'],
  ])('fail as KMS does, %s as %s, and the message names the call', async (name, code) => {
    const makeCiphertext = async (): Promise<never> =>
      await Promise.reject(Object.assign(new Error('no'), { name }));
    world.ports = { ...world.ports, kms: { ...world.kms, makeCiphertext } };
    const message: unknown = expect.stringContaining(`${kekArn}: kms:GenerateDataKey answered ${name}`);
    await expect(world.add()).rejects.toMatchObject({ code, message });
    expect(world.tenants.records.get('acme')?.status).toBe('pending');
  });

  test('are made by each key when a tenant is added, and by the new key when it changes', async () => {
    await world.add();
    expect(world.tenants.records.get('acme')?.probeCiphertexts).toMatchObject([
      { kekArn, idName: 'tenant-id' },
    ]);
    world.kms.key(OTHER).grants = branchKeyGrants('acme');
    await world.change({ kekArn: OTHER, keyMode: 'hierarchical' });
    const idName = 'aws-crypto-ec:tenant-id';
    expect(world.tenants.records.get('acme')?.probeCiphertexts).toMatchObject([{ kekArn: OTHER, idName }]);
  });
});
