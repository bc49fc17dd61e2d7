import { beforeEach, describe, expect, test } from 'vitest';
import { resume, suspend } from '../../shared/offboarding/suspend.ts';
import { disabled } from '../../shared/revocation/transition.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import {
  become,
  PROPAGATION_SECONDS,
  removalWorld,
  type RemovalWorld,
  START_MS,
} from '../support/removal-world.ts';
import { ACME } from '../support/tenants.ts';

let world: RemovalWorld;
beforeEach(() => {
  world = removalWorld();
});

function acme(): Tenant | undefined {
  return world.tenants.records.get('acme');
}

describe('a tenant that is suspended', () => {
  test.each(['active', 'revoked'] as const)(
    'was %s before, gets a new epoch, and is suspended only once',
    async (status) => {
      become(world, { status });
      expect(await suspend(ACME.tenantId, world.ports)).toEqual({ tenantId: 'acme', status: 'suspended' });
      await suspend(ACME.tenantId, world.ports);
      expect(acme()).toMatchObject({ status: 'suspended', epoch: ACME.epoch + 1 });
    },
  );

  test('has the time of its suspension in its record, and later that of its resumption', async () => {
    const at = new Date(START_MS).toISOString();
    await suspend(ACME.tenantId, world.ports);
    expect(acme()?.signal).toMatchObject({ name: 'suspended', at });
    await resume(ACME.tenantId, world.ports);
    expect(acme()?.signal).toMatchObject({ name: 'resumed', at });
  });

  test('becomes active when we resume it and its key works', async () => {
    await suspend(ACME.tenantId, world.ports);
    expect(await resume(ACME.tenantId, world.ports)).toMatchObject({ status: 'active' });
    expect(acme()?.epoch).toBe(ACME.epoch + 2);
  });

  test('stays suspended when its key is refused', async () => {
    await suspend(ACME.tenantId, world.ports);
    world.kms.refuse('DisabledException');
    await expect(resume(ACME.tenantId, world.ports)).rejects.toMatchObject({
      code: 'ERR_TENANT_KEY_UNUSABLE',
    });
    expect(acme()?.status).toBe('suspended');
  });

  test('stays suspended while KMS may not know yet that its key was disabled', async () => {
    become(world, {
      status: 'revoked',
      signal: { name: 'DisableKey', at: new Date(START_MS).toISOString() },
    });
    await suspend(ACME.tenantId, world.ports);
    world.nowMs += PROPAGATION_SECONDS * 1000 - 1;
    await expect(resume(ACME.tenantId, world.ports)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
    world.nowMs += 1;
    expect(await resume(ACME.tenantId, world.ports)).toMatchObject({ status: 'active' });
  });

  test('is revoked after it was resumed, when we hear only then that its key was disabled before', async () => {
    const at = new Date(START_MS - 1_000).toISOString();
    await suspend(ACME.tenantId, world.ports);
    await resume(ACME.tenantId, world.ports);
    expect(disabled(acme() ?? ACME, { name: 'DisableKey', at })).toMatchObject({ status: 'revoked' });
  });

  test.each(['pending', 'offboarding', 'offboarded'] as const)(
    'cannot have been %s before',
    async (status) => {
      become(world, { status });
      await expect(suspend(ACME.tenantId, world.ports)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
      await expect(resume(ACME.tenantId, world.ports)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
      expect(acme()?.status).toBe(status);
    },
  );

  test('must have been registered', async () => {
    world.tenants.records.clear();
    await expect(suspend(ACME.tenantId, world.ports)).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });
});
