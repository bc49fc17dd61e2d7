import { beforeEach, describe, expect, test } from 'vitest';
import { branchKeyGrants, type Grants, type MemoryKms, messageGrants } from '../support/memory-kms.ts';
import {
  FAR,
  faultsOf,
  KEK_ARN,
  MRK,
  type OnboardingWorld,
  onboardingWorld,
  OTHER,
  REPLICA,
} from '../support/onboarding-world.ts';
import { ACME } from '../support/tenants.ts';

const kekArn = KEK_ARN;

let world: OnboardingWorld;
beforeEach(() => {
  world = onboardingWorld();
});

describe('a change of key', () => {
  beforeEach(() => {
    world.tenants.records.set('acme', ACME);
  });

  test('encrypts under the new one, and keeps the old one readable', async () => {
    expect((await world.change({ kekArn: OTHER })).status).toBe('active');
    expect(world.tenants.records.get('acme')).toMatchObject({
      kekArn: OTHER,
      epoch: ACME.epoch + 1,
      retiredKeks: [{ kekArn, replicaArns: [], branchKeyIds: [] }],
    });
  });

  test('retires the branch key with the key, and makes a new one', async () => {
    world.tenants.records.set('acme', { ...ACME, keyMode: 'hierarchical', branchKeyId: 'acme.old' });
    world.kms.key(OTHER).grants = branchKeyGrants('acme');
    await world.change({ kekArn: OTHER });
    expect(world.tenants.records.get('acme')).toMatchObject({
      branchKeyId: 'acme.1',
      retiredKeks: [{ kekArn, branchKeyIds: ['acme.old'] }],
    });
  });

  test('of settings alone retires nothing', async () => {
    await world.change({ maxKeyAgeSeconds: 5 });
    expect(world.tenants.records.get('acme')).toEqual({
      ...ACME,
      maxKeyAgeSeconds: 5,
      epoch: ACME.epoch + 1,
    });
  });

  test('of replicas keeps the dropped ones readable, and remembers each once', async () => {
    world.tenants.records.set('acme', { ...ACME, kekArn: MRK, replicaArns: [REPLICA, FAR] });
    world.kms.key(MRK).description = { multiRegion: true, relatedArns: [REPLICA, FAR] };
    for (let times = 0; times < 3; times += 1) {
      await world.change({ replicaArns: [FAR] });
      await world.change({ replicaArns: [] });
      await world.change({ replicaArns: [REPLICA, FAR] });
    }
    await world.change({ replicaArns: [] });
    expect(world.tenants.records.get('acme')).toMatchObject({
      replicaArns: [],
      retiredKeks: [{ kekArn: MRK, replicaArns: [REPLICA, FAR], branchKeyIds: [] }],
    });
    await world.change({ kekArn: OTHER });
    expect(world.tenants.records.get('acme')?.retiredKeks).toEqual([
      { kekArn: MRK, replicaArns: [REPLICA, FAR], branchKeyIds: [] },
      { kekArn: MRK, replicaArns: [], branchKeyIds: [] },
    ]);
  });

  test('to and fro does not make the record grow, and forgets no branch key', async () => {
    world.tenants.records.set('acme', { ...ACME, keyMode: 'hierarchical', branchKeyId: 'acme.old' });
    for (const arn of [kekArn, OTHER]) world.kms.key(arn).grants = branchKeyGrants('acme');
    for (let times = 0; times < 4; times += 1) {
      await world.change({ kekArn: OTHER });
      await world.change({ kekArn });
    }
    const { retiredKeks = [], branchKeyId } = world.tenants.records.get('acme') ?? {};
    expect(retiredKeks).toHaveLength(4);
    const kept = retiredKeks.flatMap(({ branchKeyIds }) => branchKeyIds);
    expect(new Set([...kept, branchKeyId])).toEqual(new Set(['acme.old', ...world.branchKeys.made.keys()]));
  });

  test('to a replica of the old key makes a new branch key, and drops every reason against the tenant', async () => {
    const signal = { name: 'DisableKey', at: '2026-01-02T00:00:00.000Z', kekArn: MRK };
    const keys = {
      kekArn: MRK,
      replicaArns: [REPLICA],
      keyMode: 'hierarchical',
      branchKeyId: 'acme.old',
    } as const;
    world.tenants.records.set('acme', { ...ACME, ...keys, status: 'revoked', signal });
    world.kms.key(REPLICA).grants = branchKeyGrants('acme');
    world.kms.key(REPLICA).description = { multiRegion: true, relatedArns: [MRK] };
    expect((await world.change({ kekArn: REPLICA })).status).toBe('active');
    expect(world.branchKeys.made).toEqual(new Map([['acme.1', REPLICA]]));
    expect(world.tenants.records.get('acme')).toMatchObject({
      kekArn: REPLICA,
      branchKeyId: 'acme.1',
      retiredKeks: [{ kekArn: MRK, replicaArns: [REPLICA], branchKeyIds: ['acme.old'] }],
      signal: { name: 'registered', reasons: [] },
    });
  });

  test('of the key mode keeps the branch key, so that what it wrapped stays readable', async () => {
    world.tenants.records.set('acme', { ...ACME, keyMode: 'hierarchical', branchKeyId: 'acme.old' });
    await world.change({ keyMode: 'per-chunk' });
    expect(world.tenants.records.get('acme')).toMatchObject({
      keyMode: 'per-chunk',
      branchKeyId: 'acme.old',
    });
  });

  test.each<[string, object, Grants]>([
    ['without a grant', { kekArn: OTHER }, []],
    ['in a forbidden region', { kekArn: OTHER, allowedRegions: ['eu-west-1'] }, messageGrants('acme')],
    ['that is no key', { kekArn: 'alias/acme' }, []],
  ])('to a key %s changes nothing', async (_name, settings, grants) => {
    world.kms.key(OTHER).grants = grants;
    expect(faultsOf(await world.change(settings)).length).toBeGreaterThan(0);
    expect(world.tenants.records.get('acme')).toBe(ACME);
  });

  test('makes a revoked tenant active again', async () => {
    world.tenants.records.set('acme', { ...ACME, status: 'revoked' });
    expect((await world.change({ kekArn: OTHER })).status).toBe('active');
    expect(world.tenants.records.get('acme')?.status).toBe('active');
  });

  test.each([
    ['revoked', {}],
    ['suspended', { kekArn: OTHER }],
    ['pending', { kekArn: OTHER }],
    ['offboarded', { kekArn: OTHER }],
  ] as const)('is refused when the tenant is %s', async (status, settings) => {
    world.tenants.records.set('acme', { ...ACME, status });
    await expect(world.change(settings)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
  });

  test('is refused when no tenant of that id is registered', async () => {
    world.tenants.records.clear();
    await expect(world.change({ kekArn: OTHER })).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });

  test('is to be tried again when the record has changed meanwhile', async () => {
    const meanwhile: MemoryKms = {
      ...world.kms,
      async describe(arn) {
        world.tenants.records.set('acme', { ...ACME, epoch: ACME.epoch + 1 });
        return await world.kms.describe(arn);
      },
    };
    world.ports = { ...world.ports, kms: meanwhile };
    await expect(world.change({ kekArn: OTHER })).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
    expect(world.tenants.records.get('acme')?.kekArn).toBe(kekArn);
  });
});
