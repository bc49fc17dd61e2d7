import { beforeEach, describe, expect, test } from 'vitest';
import { TenantInvalidError } from '../../shared/errors.ts';
import type { Judged } from '../../shared/onboarding/add.ts';
import type { Finding } from '../../shared/onboarding/finding.ts';
import { onboard, type OnboardPorts } from '../../shared/onboarding/onboard.ts';
import { ourselvesOf } from '../../shared/handover/input.ts';
import { parseOnboardRequest } from '../../shared/onboarding/request.ts';
import { handleKeyEvent } from '../../shared/revocation/revoke.ts';
import { effects } from '../support/effects.ts';
import { callEvent } from '../support/key-events.ts';
import {
  type MemoryBranchKeys,
  memoryBranchKeys,
  type MemoryHearings,
  memoryHearings,
} from '../support/memory-control-plane.ts';
import { memoryParking } from '../support/memory-parking.ts';
import {
  branchKeyGrants,
  type Grants,
  type MemoryKey,
  type MemoryKms,
  memoryKms,
  messageGrants,
} from '../support/memory-kms.ts';
import { type MemoryTenants, memoryTenants } from '../support/memory-tenants.ts';
import { ISV, isvIn, PARTITIONS } from '../support/onboarding-inputs.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const { kekArn } = ACME;
const OTHER = kekArn.replace('9d3ab1c2', '00000000');
const MRK = kekArn.replace(/key\/.*$/u, 'key/mrk-1234');
const REPLICA = MRK.replace('us-east-1', 'eu-west-1');
const FAR = MRK.replace('us-east-1', 'ap-south-1');
const NOW = new Date('2026-03-01T12:00:00.000Z');

let tenants: MemoryTenants;
let kms: MemoryKms;
let hearings: MemoryHearings;
let branchKeys: MemoryBranchKeys;
let ports: OnboardPorts;
beforeEach(() => {
  tenants = memoryTenants();
  kms = memoryKms(messageGrants('acme'));
  hearings = memoryHearings();
  branchKeys = memoryBranchKeys();
  const ourselves = ourselvesOf(ISV);
  const parking = memoryParking(effects());
  ports = {
    tenants,
    kms,
    hearings,
    branchKeys,
    ourselves,
    parking,
    stage: 'prod',
    propagationSeconds: 300,
    now: () => NOW,
  };
  hearings.heard.set(kekArn, NOW.toISOString());
});

async function list(request: object): Promise<unknown> {
  return await onboard(parseOnboardRequest({ action: 'list', ...request }), ports);
}

async function ask(request: object): Promise<Judged> {
  const answer = await onboard(parseOnboardRequest({ tenantId: 'acme', ...request }), ports);
  if (!('findings' in answer)) throw new Error('no findings');
  return answer;
}

const add = async (settings: object = {}): Promise<Judged> =>
  await ask({ action: 'add', kekArn, ...settings });

const change = async (settings: object): Promise<Judged> => await ask({ action: 'change-key', ...settings });

function faultsOf({ findings }: Judged): readonly Finding[] {
  return findings.filter(({ ok }) => !ok);
}

describe('a tenant whose key is as it should be', () => {
  test('is active, and every check says what it saw', async () => {
    const { status, findings } = await add({ strict: true });
    expect(status).toBe('active');
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(tenants.records.get('acme')).toMatchObject({ status: 'active', epoch: 2, kekArn });
  });

  test('in hierarchical mode has a branch key under its own KEK', async () => {
    kms.key(kekArn).grants = branchKeyGrants('acme');
    expect((await add({ keyMode: 'hierarchical', strict: true })).status).toBe('active');
    expect(branchKeys.made).toEqual(new Map([['acme.1', kekArn]]));
    expect(tenants.records.get('acme')?.branchKeyId).toBe('acme.1');
  });

  test('is remembered to have it in a custom key store', async () => {
    kms.key(kekArn).description = { customKeyStore: true, origin: 'EXTERNAL_KEY_STORE' };
    await add();
    expect(tenants.records.get('acme')?.customKeyStore).toBe(true);
  });

  test.each(PARTITIONS)('in partition %s (%s) is active there', async (partition, region) => {
    const there = `arn:${partition}:kms:${region}:111111111111:key/9d3ab1c2-0000-4000-8000-111111111111`;
    ports = { ...ports, ourselves: ourselvesOf(isvIn(partition, region)) };
    expect((await add({ kekArn: there })).status).toBe('active');
    const elsewhere = there.replace(`arn:${partition}:`, 'arn:aws-elsewhere:');
    const judged = await ask({ action: 'add', tenantId: 'globex', kekArn: elsewhere });
    expect(faultsOf(judged)).toMatchObject([{ check: 'partition' }]);
  });

  test('is not registered a second time', async () => {
    await add();
    await expect(add()).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
  });
});

describe('a key that cannot even be asked about', () => {
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
    const judged = await add(settings);
    expect(judged.status).toBe('unregistered');
    expect(faultsOf(judged)).toMatchObject([{ check, severity: 'error', fix: expect.stringMatching(/./u) }]);
    expect(tenants.records.size).toBe(0);
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
    kms.key(kekArn).description = facts;
    const judged = await add();
    expect(judged.status).toBe('pending');
    const fault = { check, message: expect.stringMatching(message), fix: expect.stringMatching(/./u) };
    expect(faultsOf(judged)).toMatchObject([fault]);
    expect(tenants.records.get('acme')?.status).toBe('pending');
  });

  test.each(['NotFoundException', 'AccessDeniedException'])('or answers %s', async (exception) => {
    kms.key(kekArn).exception = exception;
    const judged = await add();
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged)).toMatchObject([{ check: 'key-exists' }]);
  });

  test('is asked again when KMS is out of reach: an outage is no finding', async () => {
    kms.key(kekArn).exception = 'KMSInternalException';
    await expect(add()).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
  });

  test('with imported material that expires is warned of', async () => {
    kms.key(kekArn).description = { origin: 'EXTERNAL', validTo: new Date('2027-01-01T00:00:00Z') };
    const judged = await add();
    expect(judged.status).toBe('active');
    expect(faultsOf(judged)).toMatchObject([{ check: 'key-material', severity: 'warning' }]);
  });

  test('has no such replica', async () => {
    kms.key(MRK).description = { multiRegion: true, relatedArns: [MRK.replace('us-east-1', 'us-west-2')] };
    const faults = faultsOf(await add({ kekArn: MRK, replicaArns: [REPLICA] }));
    expect(faults).toContainEqual(expect.objectContaining({ check: 'multi-region' }));
  });
});

describe('a key policy', () => {
  test('without a grant: each missing statement is named and given', async () => {
    kms.key(kekArn).grants = [];
    const judged = await add();
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged).map(({ statement }) => statement?.Sid)).toEqual([
      'SealstreamEncrypts',
      'SealstreamRestores',
    ]);
    expect(faultsOf(judged)[0]?.statement?.Condition).toEqual({
      StringEquals: { 'kms:EncryptionContext:tenant-id': 'acme' },
    });
  });

  test('for hierarchical mode names those of branch keys', async () => {
    kms.key(kekArn).grants = [];
    expect(faultsOf(await add({ keyMode: 'hierarchical' })).map(({ statement }) => statement?.Sid)).toEqual([
      'SealstreamUnwrapsBranchKeys',
      'SealstreamMakesBranchKeys',
      'SealstreamVersionsBranchKeys',
    ]);
  });

  test.each(['kms:GenerateDataKey', 'kms:Decrypt', 'kms:ReEncrypt'] as const)(
    'that grants %s without the condition would let us use the key for anybody',
    async (operation) => {
      kms.key(kekArn).grants = [...messageGrants('acme'), [operation, '*']];
      const judged = await add();
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
    'that grants what it grants to every tenant like %s is warned of, and refused by the strict',
    async (like) => {
      kms.key(kekArn).grants = [...messageGrants('acme'), ...messageGrants(like)];
      const strict = await add({ strict: true });
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
      expect((await add()).status).toBe('active');
    },
  );

  test('is proven for the role that tried it, and the others are named', async () => {
    const { findings } = await add();
    const grants = findings.filter(({ check }) => check === 'grant').map(({ message }) => message);
    const [control, encrypt, restore] = [ISV.controlRoleArn, ISV.encryptRoleArn, ISV.restoreRoleArn].map(
      (arn) => arn.split('/')[1] ?? '',
    );
    expect(grants).toEqual([
      expect.stringContaining(`to ${control}, which tried it by a dry run; not proven for ${encrypt}`),
      expect.stringContaining(`to ${control}, which tried it by a dry run; not proven for ${restore}`),
    ]);
    kms.key(OTHER).grants = branchKeyGrants('acme');
    const hierarchical = await ask({ action: 'change-key', kekArn: OTHER, keyMode: 'hierarchical' });
    const unwraps = hierarchical.findings.find(({ message }) => message.includes('kms:Decrypt'))?.message;
    expect(unwraps).toContain(`not proven for ${encrypt} and ${restore}`);
  });

  test('that grants kms:* is refused', async () => {
    const everything = ['GenerateDataKey', 'Decrypt', 'ReEncrypt', 'CreateGrant', 'ListGrants'] as const;
    kms.key(kekArn).grants = everything.map((operation) => [`kms:${operation}`, '*']);
    const faults = faultsOf(await add());
    expect(faults).toContainEqual(
      expect.objectContaining({
        check: 'excess',
        severity: 'error',
        message: expect.stringMatching(/kms:\*/u),
      }),
    );
  });

  test.each([['kms:CreateGrant'], ['kms:GenerateDataKeyWithoutPlaintext']] as const)(
    'that grants %s as well is warned of, and refused by the strict',
    async (operation) => {
      kms.key(kekArn).grants = [...messageGrants('acme'), [operation, 'acme'], [operation, '']];
      const strict = await add({ strict: true });
      expect(strict.status).toBe('pending');
      expect(faultsOf(strict)).toMatchObject([{ check: 'excess', severity: 'warning' }]);
      expect((await add()).status).toBe('active');
    },
  );

  test('of another tenant’s key is told apart from one without a grant', async () => {
    tenants.records.set('globex', GLOBEX);
    kms.key(GLOBEX.kekArn).grants = messageGrants('globex');
    const judged = await add({ kekArn: GLOBEX.kekArn });
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged)[0]).toMatchObject({
      check: 'grant',
      message: expect.stringMatching(/registered for another tenant/u),
    });
  });

  test.each(['pending', 'offboarded'] as const)(
    'of a tenant whose key somebody %s has named as well is its own to mend: the statement is given',
    async (status) => {
      tenants.records.set('acme', ACME);
      tenants.records.set('wrong', { ...GLOBEX, kekArn, status });
      kms.key(kekArn).grants = [];
      const faults = faultsOf(await ask({ action: 'check' }));
      expect(faults.map(({ statement }) => statement?.Sid)).toEqual([
        'SealstreamEncrypts',
        'SealstreamRestores',
      ]);
      expect(faults.map(({ message }) => message).join('')).not.toContain('another tenant');
    },
  );

  test('that fails leaves an active tenant of that key as it was', async () => {
    tenants.records.set('acme', ACME);
    expect((await ask({ action: 'add', tenantId: 'wrong', kekArn })).status).toBe('pending');
    expect(tenants.records.get('acme')).toBe(ACME);
  });

  test('of a replica is a policy of its own', async () => {
    kms.key(MRK).description = { multiRegion: true, relatedArns: [REPLICA] };
    kms.key(REPLICA).grants = [];
    const faults = faultsOf(await add({ kekArn: MRK, replicaArns: [REPLICA] }));
    const grants = faults.filter(({ check }) => check === 'grant');
    expect(grants).toHaveLength(2);
    expect(grants.every(({ message }) => message.includes('eu-west-1'))).toBe(true);
  });
});

describe('a key that was never heard of', () => {
  beforeEach(() => {
    hearings.heard.clear();
  });

  test('is warned of, with what to run', async () => {
    const judged = await add();
    expect(judged.status).toBe('active');
    expect(faultsOf(judged)).toMatchObject([
      { check: 'events', severity: 'warning', fix: expect.stringMatching(/aws kms tag-resource/u) },
    ]);
  });

  test('keeps the tenant pending where the check is strict, until it is heard of', async () => {
    expect((await add({ strict: true })).status).toBe('pending');
    hearings.heard.set(kekArn, NOW.toISOString());
    expect((await add({ strict: true })).status).toBe('active');
  });
});

describe('a change of key', () => {
  beforeEach(() => {
    tenants.records.set('acme', ACME);
  });

  test('encrypts under the new one, and keeps the old one readable', async () => {
    expect((await change({ kekArn: OTHER })).status).toBe('active');
    expect(tenants.records.get('acme')).toMatchObject({
      kekArn: OTHER,
      epoch: ACME.epoch + 1,
      retiredKeks: [{ kekArn, replicaArns: [], branchKeyIds: [] }],
    });
  });

  test('takes the branch key along with the key, and makes another', async () => {
    tenants.records.set('acme', { ...ACME, keyMode: 'hierarchical', branchKeyId: 'acme.old' });
    kms.key(OTHER).grants = branchKeyGrants('acme');
    await change({ kekArn: OTHER });
    expect(tenants.records.get('acme')).toMatchObject({
      branchKeyId: 'acme.1',
      retiredKeks: [{ kekArn, branchKeyIds: ['acme.old'] }],
    });
  });

  test('of settings alone retires nothing', async () => {
    await change({ maxKeyAgeSeconds: 5 });
    expect(tenants.records.get('acme')).toEqual({ ...ACME, maxKeyAgeSeconds: 5, epoch: ACME.epoch + 1 });
  });

  test('of replicas keeps those that are dropped readable, and remembers each once', async () => {
    tenants.records.set('acme', { ...ACME, kekArn: MRK, replicaArns: [REPLICA, FAR] });
    kms.key(MRK).description = { multiRegion: true, relatedArns: [REPLICA, FAR] };
    for (let times = 0; times < 3; times += 1) {
      await change({ replicaArns: [FAR] });
      await change({ replicaArns: [] });
      await change({ replicaArns: [REPLICA, FAR] });
    }
    await change({ replicaArns: [] });
    expect(tenants.records.get('acme')).toMatchObject({
      replicaArns: [],
      retiredKeks: [{ kekArn: MRK, replicaArns: [REPLICA, FAR], branchKeyIds: [] }],
    });
    await change({ kekArn: OTHER });
    expect(tenants.records.get('acme')?.retiredKeks).toEqual([
      { kekArn: MRK, replicaArns: [REPLICA, FAR], branchKeyIds: [] },
      { kekArn: MRK, replicaArns: [], branchKeyIds: [] },
    ]);
  });

  test('to and fro does not make the record grow, and forgets no branch key', async () => {
    tenants.records.set('acme', { ...ACME, keyMode: 'hierarchical', branchKeyId: 'acme.old' });
    for (const arn of [kekArn, OTHER]) kms.key(arn).grants = branchKeyGrants('acme');
    for (let times = 0; times < 4; times += 1) {
      await change({ kekArn: OTHER });
      await change({ kekArn });
    }
    const { retiredKeks = [], branchKeyId } = tenants.records.get('acme') ?? {};
    expect(retiredKeks).toHaveLength(4);
    const kept = retiredKeks.flatMap(({ branchKeyIds }) => branchKeyIds);
    expect(new Set([...kept, branchKeyId])).toEqual(new Set(['acme.old', ...branchKeys.made.keys()]));
  });

  test('to a replica of its own brings a branch key of its own, and nothing that stood against the tenant', async () => {
    const signal = { name: 'DisableKey', at: '2026-01-02T00:00:00.000Z', kekArn: MRK };
    const keys = {
      kekArn: MRK,
      replicaArns: [REPLICA],
      keyMode: 'hierarchical',
      branchKeyId: 'acme.old',
    } as const;
    tenants.records.set('acme', { ...ACME, ...keys, status: 'revoked', signal });
    kms.key(REPLICA).grants = branchKeyGrants('acme');
    kms.key(REPLICA).description = { multiRegion: true, relatedArns: [MRK] };
    expect((await change({ kekArn: REPLICA })).status).toBe('active');
    expect(branchKeys.made).toEqual(new Map([['acme.1', REPLICA]]));
    expect(tenants.records.get('acme')).toMatchObject({
      kekArn: REPLICA,
      branchKeyId: 'acme.1',
      retiredKeks: [{ kekArn: MRK, replicaArns: [REPLICA], branchKeyIds: ['acme.old'] }],
      signal: { name: 'registered', reasons: [] },
    });
  });

  test('of the key mode keeps the branch key, for what it wrapped', async () => {
    tenants.records.set('acme', { ...ACME, keyMode: 'hierarchical', branchKeyId: 'acme.old' });
    await change({ keyMode: 'per-chunk' });
    expect(tenants.records.get('acme')).toMatchObject({ keyMode: 'per-chunk', branchKeyId: 'acme.old' });
  });

  test.each<[string, object, Grants]>([
    ['without a grant', { kekArn: OTHER }, []],
    ['in a forbidden region', { kekArn: OTHER, allowedRegions: ['eu-west-1'] }, messageGrants('acme')],
    ['that is no key', { kekArn: 'alias/acme' }, []],
  ])('to one %s leaves everything as it was', async (_name, settings, grants) => {
    kms.key(OTHER).grants = grants;
    expect(faultsOf(await change(settings)).length).toBeGreaterThan(0);
    expect(tenants.records.get('acme')).toBe(ACME);
  });

  test('brings a tenant back whose key is gone for good', async () => {
    tenants.records.set('acme', { ...ACME, status: 'revoked' });
    expect((await change({ kekArn: OTHER })).status).toBe('active');
    expect(tenants.records.get('acme')?.status).toBe('active');
  });

  test.each([
    ['revoked', {}],
    ['suspended', { kekArn: OTHER }],
    ['pending', { kekArn: OTHER }],
    ['offboarded', { kekArn: OTHER }],
  ] as const)('is refused when the tenant is %s', async (status, settings) => {
    tenants.records.set('acme', { ...ACME, status });
    await expect(change(settings)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
  });

  test('is refused when nobody of that id is registered', async () => {
    tenants.records.clear();
    await expect(change({ kekArn: OTHER })).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });

  test('is to be tried again when the record changed meanwhile', async () => {
    const meanwhile: MemoryKms = {
      ...kms,
      async describe(arn) {
        tenants.records.set('acme', { ...ACME, epoch: ACME.epoch + 1 });
        return await kms.describe(arn);
      },
    };
    ports = { ...ports, kms: meanwhile };
    await expect(change({ kekArn: OTHER })).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
    expect(tenants.records.get('acme')?.kekArn).toBe(kekArn);
  });
});

/** So many seconds before the key is asked about. */
function ago(seconds: number): string {
  return new Date(NOW.getTime() - seconds * 1000).toISOString();
}

/** While KMS is asked, and goes on saying that the key is Enabled, this happens once. */
function duringChecks(happening: () => Promise<void>): void {
  async function describeLate(arn: string): ReturnType<MemoryKms['describe']> {
    ports = { ...ports, kms };
    await happening();
    return await kms.describe(arn);
  }
  ports = { ...ports, kms: { ...kms, describe: describeLate } };
}

async function hear(name: string, secondsAgo: number, key: string = kekArn): Promise<void> {
  const revoke = { tenants, hearings, branchKeys, kms: memoryKms(), propagationSeconds: 300 };
  await handleKeyEvent(callEvent(name, ago(secondsAgo), { kekArn: key }), { ...revoke, now: () => NOW });
}

describe('a key that is disabled while it is proven', () => {
  test('keeps the tenant from becoming active with it, also when it is asked again right away', async () => {
    duringChecks(async () => await hear('DisableKey', 0));
    const fault = { check: 'key-state', message: expect.stringMatching(/DisableKey of arn/u) };
    const judged = await add();
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged)).toMatchObject([fault]);
    expect(faultsOf(await add())).toMatchObject([fault]);
    expect(tenants.records.get('acme')?.status).toBe('pending');
  });

  test('just before it was asked for is remembered too, until KMS has settled', async () => {
    await hear('DisableKey', 298);
    expect((await add()).status).toBe('pending');
    ports = { ...ports, now: () => new Date(NOW.getTime() + 3_000) };
    expect((await add()).status).toBe('active');
  });

  test('and enabled again is no fault, and heard once more none either', async () => {
    duringChecks(async () => {
      await hear('DisableKey', 2);
      await hear('EnableKey', 1);
    });
    expect((await add()).status).toBe('active');
    await hear('DisableKey', 2);
    expect(tenants.records.get('acme')?.status).toBe('active');
    await hear('DisableKey', 0);
    expect(tenants.records.get('acme')?.status).toBe('revoked');
  });

  test('is not taken for the other replica, which was enabled', async () => {
    for (const arn of [MRK, REPLICA])
      kms.key(arn).description = { multiRegion: true, relatedArns: [MRK, REPLICA] };
    duringChecks(async () => {
      await hear('DisableKey', 2, REPLICA);
      await hear('EnableKey', 1, MRK);
    });
    const judged = await add({ kekArn: MRK, replicaArns: [REPLICA] });
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged).map(({ check, message }) => [check, message.includes(REPLICA)])).toContainEqual([
      'key-state',
      true,
    ]);
  });

  test('does not become the key of a tenant that changes over to it, which nobody holds yet', async () => {
    tenants.records.set('acme', ACME);
    duringChecks(async () => await hear('DisableKey', 1, OTHER));
    const judged = await change({ kekArn: OTHER });
    expect(faultsOf(judged)).toMatchObject([{ check: 'key-state' }]);
    expect(tenants.records.get('acme')).toBe(ACME);
    expect(faultsOf(await change({ kekArn: OTHER }))).toMatchObject([{ check: 'key-state' }]);
    await hear('EnableKey', 0, OTHER);
    expect(faultsOf(await change({ kekArn: OTHER }))).toEqual([]);
    expect(tenants.records.get('acme')).toMatchObject({ status: 'active', kekArn: OTHER });
  });

  test.each(['add', 'change-key'])('is heeded up to the moment that %s registers it', async (action) => {
    const key = action === 'add' ? kekArn : OTHER;
    if (action === 'change-key') tenants.records.set('acme', ACME);
    const rewrite = tenants.rewrite.bind(tenants);
    tenants.rewrite = async (read, next) => {
      // Heard after the last look, and by whoever still found the key to be nobody's.
      if (next.status === 'active') await hearings.remember({ name: 'DisableKey', at: ago(0), kekArn: key });
      return await rewrite(read, next);
    };
    const judged = action === 'add' ? await add() : await change({ kekArn: OTHER });
    expect(judged.status).toBe('revoked');
    expect(tenants.records.get('acme')).toMatchObject({ status: 'revoked', kekArn: key });
  });

  test('as a replica that joins does not', async () => {
    kms.key(MRK).description = { multiRegion: true, relatedArns: [REPLICA] };
    kms.key(REPLICA).description = { multiRegion: true, relatedArns: [MRK] };
    tenants.records.set('acme', { ...ACME, kekArn: MRK });
    duringChecks(async () => await hear('DisableKey', 1, REPLICA));
    expect(faultsOf(await change({ replicaArns: [REPLICA] }))).toMatchObject([{ check: 'key-state' }]);
    await hear('EnableKey', 0, REPLICA);
    expect(faultsOf(await change({ replicaArns: [REPLICA] }))).toEqual([]);
    // An event about it from before it joined is old by now.
    await hear('DisableKey', 1, REPLICA);
    expect(tenants.records.get('acme')).toMatchObject({ status: 'active', replicaArns: [REPLICA] });
  });
});

describe('the ciphertexts of the probes', () => {
  test.each([
    ['ThrottlingException', 'ERR_KMS_UNAVAILABLE'],
    ['AccessDeniedException', 'ERR_TENANT_KEY_DENIED'],
  ])('that KMS answers with %s say so as %s, and the call', async (name, code) => {
    const makeCiphertext = async (): Promise<never> =>
      await Promise.reject(Object.assign(new Error('no'), { name }));
    ports = { ...ports, kms: { ...kms, makeCiphertext } };
    const message: unknown = expect.stringContaining(`${kekArn}: kms:GenerateDataKey answered ${name}`);
    await expect(add()).rejects.toMatchObject({ code, message });
    expect(tenants.records.get('acme')?.status).toBe('pending');
  });

  test('are made of each key when a tenant is added, and of the new one when it changes over', async () => {
    await add();
    expect(tenants.records.get('acme')?.probeCiphertexts).toMatchObject([{ kekArn, idName: 'tenant-id' }]);
    kms.key(OTHER).grants = branchKeyGrants('acme');
    await change({ kekArn: OTHER, keyMode: 'hierarchical' });
    const idName = 'aws-crypto-ec:tenant-id';
    expect(tenants.records.get('acme')?.probeCiphertexts).toMatchObject([{ kekArn: OTHER, idName }]);
  });
});

describe('tenants', () => {
  test('are shown with what waits and what was heard', async () => {
    tenants.records.set('acme', ACME);
    expect(await onboard(parseOnboardRequest({ action: 'show', tenantId: 'acme' }), ports)).toEqual({
      tenant: ACME,
      parkedJobs: 0,
      heardAt: { [kekArn]: NOW.toISOString() },
    });
  });

  test('are checked without being changed', async () => {
    tenants.records.set('acme', { ...ACME, status: 'pending' });
    expect((await ask({ action: 'check' })).status).toBe('pending');
    expect(tenants.records.get('acme')?.status).toBe('pending');
  });

  test('are listed page by page', async () => {
    tenants.records.set('acme', ACME);
    tenants.records.set('globex', GLOBEX);
    expect(await list({})).toEqual({ tenants: [ACME, GLOBEX] });
    expect(await list({ limit: 1 })).toEqual({ tenants: [ACME], after: 'acme' });
    expect(await list({ limit: 1, after: 'acme' })).toEqual({ tenants: [GLOBEX] });
  });

  test('are listed though a row is no tenant’s, which the last page names', async () => {
    tenants.records.set('acme', ACME);
    tenants.records.set('globex', GLOBEX);
    tenants.invalid = new TenantInvalidError('the row pk tenant#edited');
    expect(await list({ limit: 1 })).toEqual({ tenants: [ACME], after: 'acme' });
    expect(await list({ limit: 1, after: 'acme' })).toEqual({
      tenants: [GLOBEX],
      invalid: 'the row pk tenant#edited',
    });
  });

  test('are checked though another row of the same key is no tenant’s', async () => {
    tenants.invalid = new TenantInvalidError('the row pk tenant#edited');
    expect((await add()).status).toBe('active');
  });

  test('get what they deploy, rendered for them and us', async () => {
    const key = { tenantAccountId: '111111111111', keyRegion: 'eu-central-1' };
    const answer = await onboard(parseOnboardRequest({ action: 'render', tenantId: 'acme', ...key }), ports);
    const text = JSON.stringify(answer);
    for (const arn of [ISV.encryptRoleArn, ISV.restoreRoleArn, ISV.controlRoleArn, ISV.eventBusArn])
      expect(text).toContain(arn);
  });

  test.each([
    {},
    { action: 'add' },
    { action: 'add', tenantId: 'A', kekArn },
    { action: 'delete' },
    { action: 'list', limit: 0 },
  ])('are not asked for by %j', (request) => {
    expect(() => parseOnboardRequest(request)).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_INVALID' }),
    );
  });
});
