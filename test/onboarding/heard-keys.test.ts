import { beforeEach, describe, expect, test } from 'vitest';
import { handleKeyEvent } from '../../shared/revocation/revoke.ts';
import { callEvent } from '../support/key-events.ts';
import { type MemoryKms, memoryKms } from '../support/memory-kms.ts';
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
import { ACME } from '../support/tenants.ts';

const kekArn = KEK_ARN;

let world: OnboardingWorld;
beforeEach(() => {
  world = onboardingWorld();
});

/** Returns the time that many seconds before the key is asked about. */
function ago(seconds: number): string {
  return new Date(NOW.getTime() - seconds * 1000).toISOString();
}

/** Lets this happen once while KMS is asked and still says that the key is Enabled. */
function duringChecks(happening: () => Promise<void>): void {
  async function describeLate(arn: string): ReturnType<MemoryKms['describe']> {
    world.ports = { ...world.ports, kms: world.kms };
    await happening();
    return await world.kms.describe(arn);
  }
  world.ports = { ...world.ports, kms: { ...world.kms, describe: describeLate } };
}

async function hear(name: string, secondsAgo: number, key: string = kekArn): Promise<void> {
  const { tenants, hearings, branchKeys } = world;
  const revoke = { tenants, hearings, branchKeys, kms: memoryKms(), propagationSeconds: 300 };
  await handleKeyEvent(callEvent(name, ago(secondsAgo), { kekArn: key }), { ...revoke, now: () => NOW });
}

describe('a key that is disabled while it is proven', () => {
  test('keeps the tenant from becoming active, also when it is added again at once', async () => {
    duringChecks(async () => await hear('DisableKey', 0));
    const fault = { check: 'key-state', message: expect.stringMatching(/DisableKey of arn/u) };
    const judged = await world.add();
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged)).toMatchObject([fault]);
    expect(faultsOf(await world.add())).toMatchObject([fault]);
    expect(world.tenants.records.get('acme')?.status).toBe('pending');
  });

  test('is remembered when that was just before the request, until KMS has settled', async () => {
    await hear('DisableKey', 298);
    expect((await world.add()).status).toBe('pending');
    world.ports = { ...world.ports, now: () => new Date(NOW.getTime() + 3_000) };
    expect((await world.add()).status).toBe('active');
  });

  test('is no fault when it is enabled again, even if the first event is heard once more', async () => {
    duringChecks(async () => {
      await hear('DisableKey', 2);
      await hear('EnableKey', 1);
    });
    expect((await world.add()).status).toBe('active');
    await hear('DisableKey', 2);
    expect(world.tenants.records.get('acme')?.status).toBe('active');
    await hear('DisableKey', 0);
    expect(world.tenants.records.get('acme')?.status).toBe('revoked');
  });

  test('is not taken for the other replica, which was enabled', async () => {
    for (const arn of [MRK, REPLICA])
      world.kms.key(arn).description = { multiRegion: true, relatedArns: [MRK, REPLICA] };
    duringChecks(async () => {
      await hear('DisableKey', 2, REPLICA);
      await hear('EnableKey', 1, MRK);
    });
    const judged = await world.add({ kekArn: MRK, replicaArns: [REPLICA] });
    expect(judged.status).toBe('pending');
    expect(faultsOf(judged).map(({ check, message }) => [check, message.includes(REPLICA)])).toContainEqual([
      'key-state',
      true,
    ]);
  });

  test('does not become the new key of a tenant', async () => {
    world.tenants.records.set('acme', ACME);
    duringChecks(async () => await hear('DisableKey', 1, OTHER));
    const judged = await world.change({ kekArn: OTHER });
    expect(faultsOf(judged)).toMatchObject([{ check: 'key-state' }]);
    expect(world.tenants.records.get('acme')).toBe(ACME);
    expect(faultsOf(await world.change({ kekArn: OTHER }))).toMatchObject([{ check: 'key-state' }]);
    await hear('EnableKey', 0, OTHER);
    expect(faultsOf(await world.change({ kekArn: OTHER }))).toEqual([]);
    expect(world.tenants.records.get('acme')).toMatchObject({ status: 'active', kekArn: OTHER });
  });

  test.each(['add', 'change-key'])(
    'revokes the tenant when its event comes just before %s registers it',
    async (action) => {
      const key = action === 'add' ? kekArn : OTHER;
      if (action === 'change-key') world.tenants.records.set('acme', ACME);
      const rewrite = world.tenants.rewrite.bind(world.tenants);
      world.tenants.rewrite = async (read, next) => {
        // The event is heard after the last look, when nobody holds the key yet.
        if (next.status === 'active')
          await world.hearings.remember({ name: 'DisableKey', at: ago(0), kekArn: key });
        return await rewrite(read, next);
      };
      const judged = action === 'add' ? await world.add() : await world.change({ kekArn: OTHER });
      expect(judged.status).toBe('revoked');
      expect(world.tenants.records.get('acme')).toMatchObject({ status: 'revoked', kekArn: key });
    },
  );

  test('does not become a new replica of a tenant', async () => {
    world.kms.key(MRK).description = { multiRegion: true, relatedArns: [REPLICA] };
    world.kms.key(REPLICA).description = { multiRegion: true, relatedArns: [MRK] };
    world.tenants.records.set('acme', { ...ACME, kekArn: MRK });
    duringChecks(async () => await hear('DisableKey', 1, REPLICA));
    expect(faultsOf(await world.change({ replicaArns: [REPLICA] }))).toMatchObject([{ check: 'key-state' }]);
    await hear('EnableKey', 0, REPLICA);
    expect(faultsOf(await world.change({ replicaArns: [REPLICA] }))).toEqual([]);
    // An event from before the replica joined is too old to count.
    await hear('DisableKey', 1, REPLICA);
    expect(world.tenants.records.get('acme')).toMatchObject({ status: 'active', replicaArns: [REPLICA] });
  });
});
