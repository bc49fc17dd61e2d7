/** An id that was never active can be removed and used again; one that was active cannot. */
import { beforeEach, describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { remove } from '../../shared/offboarding/remove.ts';
import type { TenantStatus } from '../../shared/tenant/tenant.ts';
import {
  become,
  removalWorld,
  type RemovalWorld,
  removedIn,
  REQUEST,
  uploadedIn,
} from '../support/removal-world.ts';
import { ACME } from '../support/tenants.ts';
import { NEVER } from '../support/world.ts';

let world: RemovalWorld;
beforeEach(() => {
  world = removalWorld();
});

describe('a tenant that was never active', () => {
  beforeEach(() => {
    become(world, { status: 'pending' });
  });

  test('is gone after the first request, and no record of it is left', async () => {
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ done: true, forgotten: true });
    expect(world.tenants.records.size).toBe(0);
    await expect(remove(REQUEST, world.ports, NEVER)).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });

  test('keeps its id while uploads of it are in the ingest bucket', async () => {
    await uploadedIn(world, 'first');
    const job = {
      tenantId: ACME.tenantId,
      objectId: objectIdOf('ingest', 'acme/first', 'v1'),
      chunkIndex: 0,
    };
    await world.parking.park({ job, arrival: '1#a' });
    const kept = await removedIn(world);
    expect(kept).toMatchObject({ done: true, removal: { uploadsLeft: 1, jobsLeftParked: 1 } });
    expect(kept).not.toHaveProperty('forgotten');
    expect(world.tenants.records.get('acme')?.status).toBe('offboarded');
    world.versions = [];
    expect(await removedIn(world)).toMatchObject({ forgotten: true });
    expect(world.parking.parkedOf(ACME.tenantId)).toEqual([]);
  });

  test('keeps its id when somebody else changes it meanwhile', async () => {
    const tenants: typeof world.ports.tenants = {
      ...world.tenants,
      async forget(read) {
        const now = world.tenants.records.get('acme') ?? ACME;
        world.tenants.records.set('acme', { ...now, epoch: now.epoch + 1 });
        return await world.tenants.forget(read);
      },
    };
    expect(await remove(REQUEST, { ...world.ports, tenants }, NEVER)).not.toHaveProperty('forgotten');
    expect(world.tenants.records.size).toBe(1);
    expect(await remove(REQUEST, world.ports, NEVER)).toMatchObject({ forgotten: true });
  });

  test.each([
    [{ drain: false }, ACME.signal, true],
    [{ drain: true }, ACME.signal, false],
    [{ drain: false }, { ...ACME.signal, name: 'offboarded' }, false],
  ])('as the removal %j of version 0.1.0 tells, with %j: %s', async (begun, signal, isForgotten) => {
    const { removal } = await removedIn(world);
    become(world, { status: 'offboarded', signal });
    world.removals.set('acme', { ...removal, neverActive: undefined, ...begun });
    expect((await removedIn(world)).forgotten ?? false).toBe(isForgotten);
  });
});

test.each<TenantStatus>(['active', 'revoked', 'suspended', 'offboarding'])(
  'a tenant that was %s is remembered for ever',
  async (status) => {
    become(world, {
      status,
      signal: { ...ACME.signal, name: status === 'active' ? 'registered' : 'DisableKey' },
    });
    for (let times = 0; times < 2; times += 1) expect(await removedIn(world)).not.toHaveProperty('forgotten');
    expect(world.tenants.records.get('acme')?.status).toBe('offboarded');
  },
);
