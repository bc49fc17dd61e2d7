import { beforeEach, describe, expect, test, vi } from 'vitest';
import { StorageUnavailableError } from '../../shared/errors.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { remove, type Removed } from '../../shared/offboarding/remove.ts';
import type { RemoveRequest } from '../../shared/offboarding/request.ts';
import { disabled } from '../../shared/revocation/transition.ts';
import type { Tenant, TenantStatus } from '../../shared/tenant/tenant.ts';
import {
  become as becomeIn,
  PROPAGATION_SECONDS,
  removedIn,
  REQUEST,
  removalWorld,
  type RemovalWorld,
  START_MS,
  uploadedIn,
} from '../support/removal-world.ts';
import { ACME } from '../support/tenants.ts';
import { NEVER } from '../support/world.ts';

let world: RemovalWorld;
let tenants: RemovalWorld['tenants'];
let kms: RemovalWorld['kms'];
let state: RemovalWorld['state'];
let parking: RemovalWorld['parking'];
let shredded: readonly string[];
beforeEach(() => {
  world = removalWorld();
  ({ tenants, kms, state, parking, shredded } = world);
});

function become(change: Partial<Tenant>): void {
  becomeIn(world, change);
}

function acme(): Tenant | undefined {
  return tenants.records.get('acme');
}

const removed = async (request?: Partial<RemoveRequest>): Promise<Removed> => await removedIn(world, request);

const uploaded = async (name: string, kind?: 'late' | 'small'): Promise<void> =>
  await uploadedIn(world, name, kind);

function seal(): void {
  for (const plan of state.plans.values()) void state.markSealed(plan, new Date(world.nowMs).toISOString());
  world.versions = [];
}

describe('a removal', () => {
  test('ends with a summary of what was done, and who answers for it', async () => {
    const { removal } = await removed();
    expect(removal).toEqual({
      tenantId: 'acme',
      signedOffBy: 'legal@example.com',
      startedAt: new Date(START_MS).toISOString(),
      finishedAt: new Date(world.nowMs).toISOString(),
      keysDroppedAt: new Date(START_MS).toISOString(),
      step: 'done',
      drain: true,
      deleteCiphertext: false,
      shredBranchKeys: false,
      neverActive: false,
      kekArns: [ACME.kekArn],
      branchKeyIds: [],
      branchKeyRowsDeleted: 0,
      ciphertextVersionsDeleted: 0,
      jobsLeftParked: 0,
      uploadsLeft: 0,
    });
    expect(acme()?.status).toBe('offboarded');
    expect(world.ciphertext).toBe(5);
  });

  test('closes the intake, and waits until what is planned is sealed', async () => {
    await uploaded('first');
    const answer = await remove(REQUEST, world.ports, NEVER);
    expect(answer).toMatchObject({ done: false, waiting: 1 });
    expect(acme()).toMatchObject({ status: 'offboarding', epoch: ACME.epoch + 1 });
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ done: false, waiting: 1 });
    expect(acme()?.epoch).toBe(ACME.epoch + 1);
    seal();
    expect((await removed()).done).toBe(true);
    expect(acme()).toMatchObject({ status: 'offboarded', epoch: ACME.epoch + 2 });
  });

  test('waits until the small objects are sealed that came before the intake was closed', async () => {
    await uploaded('small', 'small');
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ done: false, waiting: 1 });
    world.versions = [];
    expect((await removed()).done).toBe(true);
  });

  test('that drains is over when we hear that the key was disabled before it began', async () => {
    await uploaded('first');
    await remove(REQUEST, world.ports, NEVER);
    const at = new Date(START_MS - 1_000).toISOString();
    expect(disabled(acme() ?? ACME, { name: 'DisableKey', at })).toMatchObject({ status: 'offboarded' });
  });

  test.each([false, true])(
    'lets work in flight end before anything is destroyed, whatever was heard of the key: ciphertext too: %s',
    async (deleteCiphertext) => {
      const signal = { name: 'DisableKey', at: new Date(START_MS - 3_000).toISOString() };
      become({ status: 'revoked', signal, keyMode: 'hierarchical', branchKeyId: 'acme.1' });
      const request = { ...REQUEST, deleteCiphertext };
      expect((await remove(request, world.ports, NEVER)).done).toBe(false);
      world.nowMs += 1_999;
      expect((await remove(request, world.ports, NEVER)).done).toBe(false);
      expect([world.ciphertext, shredded]).toEqual([5, []]);
      world.nowMs += 1;
      expect((await remove(request, world.ports, NEVER)).done).toBe(true);
      expect([world.ciphertext, shredded]).toEqual([
        deleteCiphertext ? 0 : 5,
        deleteCiphertext ? ['acme.1'] : [],
      ]);
    },
  );

  test('does not wait for uploads that came after the intake was closed, but counts them', async () => {
    await uploaded('too late', 'late');
    expect((await removed()).removal.uploadsLeft).toBe(1);
  });

  test('without a drain leaves what is planned parked, and counts it', async () => {
    await uploaded('first');
    await parking.park({
      job: { tenantId: ACME.tenantId, objectId: objectIdOf('ingest', 'acme/first', 'v1'), chunkIndex: 0 },
      arrival: '1#a',
    });
    expect((await removed({ drain: false })).removal).toMatchObject({
      drain: false,
      jobsLeftParked: 1,
      uploadsLeft: 1,
    });
  });

  test('can give up a drain that has begun', async () => {
    await uploaded('first');
    await remove(REQUEST, world.ports, NEVER);
    expect(await removed({ drain: false })).toMatchObject({ done: true, removal: { drain: false } });
  });

  test('of a tenant whose key is gone is blocked by what is planned, and says what to do', async () => {
    await uploaded('first');
    become({ status: 'revoked' });
    kms.refuse('DisabledException');
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({
      done: false,
      waiting: 1,
      blocked: expect.stringMatching(/without a drain/u),
    });
    expect(acme()?.status).toBe('offboarded');
  });

  test('goes on draining when the key is back and KMS has settled', async () => {
    await uploaded('first');
    await remove(REQUEST, world.ports, NEVER);
    const signal = { name: 'DisableKey', at: new Date(world.nowMs).toISOString() };
    become({ status: 'offboarded', epoch: 20, signal });
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ blocked: expect.any(String) });
    world.nowMs += PROPAGATION_SECONDS * 1000;
    expect(await remove(REQUEST, world.ports, NEVER)).not.toHaveProperty('blocked');
    expect(acme()).toMatchObject({ status: 'offboarding', epoch: 21 });
  });

  test('drops the keys of a drain no second time when another removal has reopened it meanwhile', async () => {
    await uploaded('first');
    await remove(REQUEST, world.ports, NEVER);
    become({ status: 'offboarded', epoch: 20 });
    vi.spyOn(tenants, 'replace').mockImplementationOnce(async (read, next) => {
      await remove(REQUEST, world.ports, NEVER);
      return await tenants.replace(read, next);
    });
    expect(await remove(REQUEST, world.ports, NEVER)).not.toHaveProperty('blocked');
    expect(acme()).toMatchObject({ status: 'offboarding', epoch: 21 });
  });

  test('never uses a key that was never proven', async () => {
    await uploaded('first');
    become({ status: 'pending' });
    expect((await removed()).removal).toMatchObject({ drain: false, uploadsLeft: 1 });
    expect(kms.calls).toEqual([]);
  });

  test('is to be tried again when KMS is unreachable, and loses nothing', async () => {
    await uploaded('first');
    become({ status: 'revoked' });
    kms.refuse('KMSInternalException');
    await expect(remove(REQUEST, world.ports, NEVER)).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    kms.refuse(undefined);
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ done: false, waiting: 1 });
    expect(acme()?.status).toBe('offboarding');
  });

  test('deletes the ciphertext if asked to, once nothing can be written any more', async () => {
    const request = { ...REQUEST, deleteCiphertext: true };
    expect(await remove(request, world.ports, NEVER)).toMatchObject({ done: false });
    expect(world.ciphertext).toBe(5);
    const { removal } = await removed(request);
    expect(removal.ciphertextVersionsDeleted).toBe(5);
    expect(world.ciphertext).toBe(0);
  });

  test('stops when its time is up, and goes on where it stopped', async () => {
    const request = { ...REQUEST, deleteCiphertext: true };
    await remove(request, world.ports, NEVER);
    world.nowMs += 5_000;
    const answer = await remove(request, world.ports, AbortSignal.abort());
    expect(answer).toMatchObject({ done: false, removal: { ciphertextVersionsDeleted: 2 } });
    expect((await removed(request)).removal.ciphertextVersionsDeleted).toBe(5);
  });

  test('goes on after a crash between any two steps', async () => {
    become({ branchKeyId: 'acme.2' });
    const kept = world.ports.removals;
    let writes = 0;
    world.ports = {
      ...world.ports,
      removals: {
        ...kept,
        write: async (removal) => {
          writes += 1;
          if (writes % 2 === 1) throw new StorageUnavailableError('crashed');
          await kept.write(removal);
        },
      },
    };
    const answers: Removed[] = [];
    while (answers.at(-1)?.done !== true) {
      world.nowMs += 5_000;
      answers.push(
        ...(await remove({ ...REQUEST, shredBranchKeys: true }, world.ports, NEVER).then(
          (answer) => [answer],
          () => [],
        )),
      );
    }
    expect(answers.at(-1)?.removal).toMatchObject({ step: 'done', branchKeyRowsDeleted: 3 });
  });

  test('shreds the branch keys of the present key and of earlier keys, if asked to', async () => {
    const retiredKeks = [{ kekArn: `${ACME.kekArn}0`, replicaArns: [], branchKeyIds: ['acme.1'] }];
    become({ branchKeyId: 'acme.2', retiredKeks });
    expect((await removed({ shredBranchKeys: true })).removal).toMatchObject({
      branchKeyIds: ['acme.1', 'acme.2'],
      branchKeyRowsDeleted: 6,
      kekArns: [ACME.kekArn, `${ACME.kekArn}0`],
    });
    expect(shredded).toEqual(['acme.1', 'acme.2']);
  });

  test('that is done gives the same answer again, and does nothing', async () => {
    const first = await removed();
    const before = acme();
    world.nowMs += 86_400_000;
    expect(await remove({ ...REQUEST, signedOffBy: 'somebody else' }, world.ports, NEVER)).toEqual(first);
    expect(acme()).toBe(before);
  });

  test('of a tenant that is not registered is refused', async () => {
    tenants.records.clear();
    await expect(remove(REQUEST, world.ports, NEVER)).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });

  test.each<TenantStatus>(['active', 'revoked', 'suspended'])('works from %s', async (status) => {
    become({ status });
    await removed();
    expect(acme()?.status).toBe('offboarded');
  });
});
