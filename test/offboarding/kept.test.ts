/** Tests of what a removal keeps, and of what it cannot delete. It comes to its end all the same. */
import { beforeEach, describe, expect, test } from 'vitest';
import { JobInvalidError, StorageUnavailableError } from '../../shared/errors.ts';
import { removalSchema } from '../../shared/tenant/removal.ts';
import { remove } from '../../shared/offboarding/remove.ts';
import type { RefusedVersion } from '../../shared/ports/vault.ts';
import { countWaiting } from '../../shared/offboarding/waiting.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import {
  become,
  removalWorld,
  type RemovalWorld,
  removedIn,
  REQUEST,
  START_MS,
  uploadedIn,
} from '../support/removal-world.ts';
import { ACME } from '../support/tenants.ts';
import { NEVER } from '../support/world.ts';

let world: RemovalWorld;
beforeEach(() => {
  world = removalWorld();
});

const HIERARCHICAL = { keyMode: 'hierarchical', branchKeyId: 'acme.1' } as const;
const outOfReach = async (): Promise<never> =>
  await Promise.reject(new StorageUnavailableError('out of reach'));
const locked = (name: string): RefusedVersion => ({
  key: `acme/objects/${name}`,
  versionId: name,
  code: 'AccessDenied',
});

describe('branch keys', () => {
  beforeEach(() => {
    become(world, HIERARCHICAL);
  });

  test('stay when the ciphertext stays: the tenant can read it with its key', async () => {
    const { removal } = await removedIn(world);
    expect(world.shredded).toEqual([]);
    expect(removal).toMatchObject({ branchKeyIds: ['acme.1'], branchKeyRowsDeleted: 0 });
  });

  test.each([{ deleteCiphertext: true }, { shredBranchKeys: true }])('are deleted with %j', async (told) => {
    expect((await removedIn(world, told)).removal).toMatchObject({ branchKeyRowsDeleted: 3 });
    expect(world.shredded).toEqual(['acme.1']);
  });

  test('are not shredded when a later request for the same removal asks for it', async () => {
    await removedIn(world);
    await removedIn(world, { shredBranchKeys: true });
    expect(world.shredded).toEqual([]);
  });

  test('stay although version 0.1.0, which would have shredded them, began the removal', async () => {
    const begun = {
      tenantId: 'acme',
      signedOffBy: 'legal@example.com',
      startedAt: new Date(START_MS).toISOString(),
      keysDroppedAt: new Date(START_MS).toISOString(),
      step: 'branch-keys',
      drain: true,
      deleteCiphertext: false,
      kekArns: [ACME.kekArn],
      branchKeyIds: ['acme.1'],
      branchKeyRowsDeleted: 0,
      ciphertextVersionsDeleted: 0,
      jobsLeftParked: 0,
      uploadsLeft: 0,
    };
    become(world, { ...HIERARCHICAL, status: 'offboarded', signal: { ...ACME.signal, name: 'offboarded' } });
    world.removals.set('acme', removalSchema.parse(begun));
    expect(await removedIn(world)).toMatchObject({ done: true, removal: { branchKeyRowsDeleted: 0 } });
    expect(world.shredded).toEqual([]);
  });
});

describe('ciphertext that S3 refuses to delete', () => {
  const request = { ...REQUEST, deleteCiphertext: true };
  beforeEach(() => {
    world.refused = [locked('a'), locked('b')];
  });

  test('is skipped and named, and everything else is deleted', async () => {
    const { removal } = await removedIn(world, request);
    expect(world.ciphertext).toBe(0);
    expect(removal).toMatchObject({
      ciphertextVersionsDeleted: 5,
      ciphertextLeft: {
        count: 2,
        first: ['"acme/objects/a" (version a): AccessDenied', '"acme/objects/b" (version b): AccessDenied'],
      },
    });
  });

  test('is tried once more when the removal is asked for again', async () => {
    await removedIn(world, request);
    expect((await removedIn(world, request)).removal.ciphertextLeft?.count).toBe(2);
    world.refused = [];
    world.ciphertext = 2;
    const { removal } = await removedIn(world, request);
    expect(removal).toMatchObject({ ciphertextVersionsDeleted: 7, ciphertextLeft: undefined });
  });

  test('is counted in full, but only the first versions are named', async () => {
    world.refused = Array.from({ length: 30 }, (_, index) => locked(String(index)));
    const { removal } = await removedIn(world, request);
    expect(removal.ciphertextLeft).toMatchObject({ count: 30, first: { length: 20 } });
  });
});

describe('an upload whose plan does not prove itself', () => {
  beforeEach(async () => {
    await uploadedIn(world, 'good');
    await uploadedIn(world, 'forged\u0007');
    const state: typeof world.ports.state = {
      async tenantAndPlan(tenantId, objectId) {
        const answer = await world.state.tenantAndPlan(tenantId, objectId);
        if (answer.plan?.key === 'forged\u0007') throw new JobInvalidError('a plan of something else');
        return answer;
      },
    };
    world.ports = { ...world.ports, state };
  });

  test('is counted by itself, and its name cannot send control characters to a terminal', async () => {
    const query = { tenantId: ACME.tenantId, closedAt: new Date(START_MS).toISOString() };
    const { taken, unsealable, uploads } = await countWaiting(query, world.ports, NEVER);
    expect([taken.count, unsealable.count, uploads]).toEqual([1, 1, 2]);
    expect(unsealable.first).toEqual([String.raw`"acme/forged\u0007" (version v1): ERR_JOB_INVALID`]);
  });

  test('does not stop the removal: it is left and named', async () => {
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ waiting: 1 });
    world.versions = world.versions.filter(({ key }) => key !== 'acme/good');
    const { removal } = await removedIn(world);
    expect(removal).toMatchObject({ uploadsLeft: 1, unsealable: { count: 1 } });
  });
});

describe('a drain that makes no progress', () => {
  const MINUTE_MS = 60_000;
  beforeEach(async () => {
    await uploadedIn(world, 'first');
    await uploadedIn(world, 'second');
    await remove(REQUEST, world.ports, NEVER);
  });

  test('says after a quarter of an hour what waits, and what to do', async () => {
    world.nowMs += 15 * MINUTE_MS - 1;
    expect(await remove(REQUEST, world.ports, NEVER)).not.toHaveProperty('blocked');
    world.nowMs += 1;
    const blocked = expect.stringMatching(/"acme\/first".*"acme\/second".*without a drain/u);
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ done: false, waiting: 2, blocked });
    expect((await removedIn(world, { drain: false })).removal.uploadsLeft).toBe(2);
  });

  test('has another quarter of an hour after each sealed object', async () => {
    world.nowMs += 14 * MINUTE_MS;
    world.versions = world.versions.slice(1);
    expect(await remove(REQUEST, world.ports, NEVER)).not.toHaveProperty('blocked');
    world.nowMs += 14 * MINUTE_MS;
    expect(await remove(REQUEST, world.ports, NEVER)).not.toHaveProperty('blocked');
  });
});

describe('a removal that began to destroy, and is now requested without that', () => {
  test('destroys nothing more, and says what is kept', async () => {
    become(world, HIERARCHICAL);
    const destroying = { ...REQUEST, deleteCiphertext: true };
    await remove(destroying, world.ports, NEVER);
    world.nowMs += 5_000;
    await remove(destroying, world.ports, AbortSignal.abort());
    expect(world.ciphertext).toBe(3);
    expect((await removedIn(world)).removal).toMatchObject({
      deleteCiphertext: false,
      shredBranchKeys: false,
      ciphertextVersionsDeleted: 2,
    });
    expect([world.ciphertext, world.shredded]).toEqual([3, []]);
  });

  test('shreds the branch keys if that is still requested', async () => {
    become(world, HIERARCHICAL);
    await remove({ ...REQUEST, deleteCiphertext: true }, world.ports, NEVER);
    await removedIn(world, { shredBranchKeys: true });
    expect([world.ciphertext, world.shredded]).toEqual([5, ['acme.1']]);
  });

  test('does not delete what S3 would allow by now', async () => {
    world.refused = [locked('a')];
    await removedIn(world, { deleteCiphertext: true });
    Object.assign(world, { refused: [], ciphertext: 2 });
    await removedIn(world);
    expect(world.ciphertext).toBe(2);
  });
});

describe('a removal that failed before it closed the intake', () => {
  test.each<Tenant['status']>(['active', 'pending'])(
    'of a tenant that was %s decides nothing about a later one',
    async (status) => {
      become(world, { status });
      const { ports } = world;
      world.ports = { ...ports, tenants: { ...ports.tenants, replace: outOfReach } };
      const destroying = { ...REQUEST, deleteCiphertext: true, signedOffBy: 'somebody else' };
      await expect(remove(destroying, world.ports, NEVER)).rejects.toThrow('out of reach');
      world.ports = ports;
      become(world, { status: 'active' });
      const { removal, forgotten } = await removedIn(world);
      expect(removal).toMatchObject({
        deleteCiphertext: false,
        neverActive: false,
        signedOffBy: REQUEST.signedOffBy,
      });
      expect([world.ciphertext, forgotten]).toEqual([5, undefined]);
    },
  );
});
