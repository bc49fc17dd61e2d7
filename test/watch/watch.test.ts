import { describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { StorageUnavailableError, TenantInvalidError } from '../../shared/errors.ts';
import type { ControlPlaneKms } from '../../shared/ports/kms.ts';
import type { Notice, Summary } from '../../shared/watch/notice.ts';
import { watch, type WatchPorts } from '../../shared/watch/watch.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { effects, type Effects } from '../support/effects.ts';
import { memoryLeases, memoryParking, type MemoryParking } from '../support/memory-parking.ts';
import { type MemoryKms, memoryKms } from '../support/memory-kms.ts';
import { memoryListing, memoryRedrives, memoryUploads } from '../support/memory-redrives.ts';
import { memoryJobs, type MemoryJobs, memoryState } from '../support/memory-state.ts';
import { memoryTenants, type MemoryTenants } from '../support/memory-tenants.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { NEVER } from '../support/world.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const PROPAGATION_SECONDS = 300;

interface Fleet extends WatchPorts {
  readonly effects: Effects;
  readonly tenants: MemoryTenants;
  readonly parking: MemoryParking;
  readonly jobs: MemoryJobs;
  readonly notices: Notice[];
  readonly kms: MemoryKms;
}

function fleet(...registered: readonly Tenant[]): Fleet {
  const happening = effects();
  const state = memoryState(happening);
  const notices: Notice[] = [];
  return {
    effects: happening,
    notices,
    state,
    tenants: memoryTenants(...registered),
    parking: memoryParking(happening),
    leases: memoryLeases(happening),
    listing: memoryListing(happening),
    redrives: memoryRedrives(happening, state),
    uploads: memoryUploads(happening),
    jobs: memoryJobs(happening),
    kms: memoryKms(),
    propagationSeconds: PROPAGATION_SECONDS,
    unparkPerSecond: 1_000_000,
    stuckSeconds: 3600,
    now: () => NOW,
    report: (notice) => void notices.push(notice),
  };
}

function revoked(tenant: Tenant, secondsAgo: number): Tenant {
  const at = new Date(NOW.getTime() - secondsAgo * 1000).toISOString();
  return { ...tenant, status: 'revoked', signal: { name: 'DisableKey', at } };
}

async function park({ parking }: Fleet, { tenantId }: Tenant, jobs: number): Promise<void> {
  for (let chunkIndex = 0; chunkIndex < jobs; chunkIndex += 1) {
    const job = { tenantId, objectId: objectIdOf('ingest', `${tenantId}/x`, 'v1'), chunkIndex };
    await parking.park({ job, arrival: `${String(chunkIndex).padStart(15, '0')}#${tenantId}` });
  }
}

const NOTHING: Summary = {
  tenants: 0,
  revoked: 0,
  activated: 0,
  unreachable: 0,
  warnings: 0,
  unparked: 0,
  redriven: 0,
  foreign: 0,
  failed: 0,
};

describe("a tenant's key", () => {
  test('that works changes nothing', async () => {
    const ports = fleet(ACME, GLOBEX);
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 2 });
    expect([...ports.tenants.records.values()]).toEqual([ACME, GLOBEX]);
    expect(ports.notices).toEqual([]);
  });

  test('that no event said was disabled revokes its tenant and no other', async () => {
    const ports = fleet(ACME, GLOBEX);
    ports.kms.key(ACME.kekArn).description = { state: 'Disabled' };
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 2, revoked: 1 });
    expect(ports.tenants.records.get('acme')).toMatchObject({ status: 'revoked', epoch: ACME.epoch + 1 });
    expect(ports.tenants.records.get('globex')).toEqual(GLOBEX);
  });

  test('that cannot be reached revokes nobody', async () => {
    const ports = fleet(ACME);
    ports.kms.key(ACME.kekArn).exception = 'ThrottlingException';
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1, unreachable: 1 });
    expect(ports.tenants.records.get('acme')).toEqual(ACME);
  });

  test('that works again long after it was disabled activates its tenant, and unparks', async () => {
    const ports = fleet(revoked(ACME, PROPAGATION_SECONDS + 1));
    await park(ports, ACME, 25);
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1, activated: 1, unparked: 25 });
    expect(ports.tenants.records.get('acme')).toMatchObject({ status: 'active', epoch: ACME.epoch + 1 });
    expect(ports.notices).toMatchObject([
      { name: 'activated', tenantId: 'acme' },
      { name: 'unparked', tenantId: 'acme', jobs: 25 },
    ]);
  });

  test('that seems to work right after it was disabled does not', async () => {
    const ports = fleet(revoked(ACME, PROPAGATION_SECONDS - 1));
    await park(ports, ACME, 1);
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1 });
    expect(ports.parking.parkedOf(ACME.tenantId)).toHaveLength(1);
    // Its backlog is not read either, which would cost something every minute for months.
    expect(ports.effects.log).not.toContain('parking.oldest');
  });

  test('of which KMS says nothing stays in use, is reported, and gets a second way of being asked', async () => {
    const ports = fleet(ACME);
    ports.kms.exceptions.set('kms:Decrypt', 'ValidationException');
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1, unreachable: 1 });
    expect(ports.notices).toMatchObject([{ name: 'unreachable', tenantId: 'acme' }]);
    const record = ports.tenants.records.get('acme');
    expect(record).toEqual({
      ...ACME,
      probeCiphertexts: [{ kekArn: ACME.kekArn, idName: 'tenant-id', ciphertext: expect.any(String) }],
    });
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1 });
    expect(ports.notices.slice(1)).toMatchObject([{ name: 'unclear', tenantId: 'acme' }]);
    expect(ports.tenants.records.get('acme')).toEqual(record);
    ports.kms.exceptions.set('open', 'DisabledException');
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1, revoked: 1 });
  });

  test('refused before somebody else activated its tenant does not revoke it', async () => {
    const ports = fleet(ACME);
    ports.kms.key(ACME.kekArn).description = { state: 'Disabled' };
    const activated = { ...ACME, epoch: ACME.epoch + 2 };
    const kms = {
      ...ports.kms,
      async describe(kekArn: string) {
        ports.tenants.records.set('acme', activated);
        return await ports.kms.describe(kekArn);
      },
    };
    expect(await watch({ ...ports, kms }, NEVER)).toEqual({ ...NOTHING, tenants: 1 });
    expect(ports.tenants.records.get('acme')).toEqual(activated);
  });

  test.each([
    ['key-deletion', { state: 'PendingDeletion', deletionDate: new Date('2026-03-08T00:00:00.000Z') }],
    ['key-material-expiry', { state: 'Enabled', validTo: new Date('2026-03-31T11:59:59.000Z') }],
  ])('about to go is warned of: %s', async (name, description) => {
    const ports = fleet(ACME);
    ports.kms.key(ACME.kekArn).description = description;
    expect(await watch(ports, NEVER)).toMatchObject({ warnings: 1 });
    expect(ports.notices[0]).toMatchObject({ name: 'warning', tenantId: 'acme', warning: { name } });
  });

  test('that expires in more than 30 days is no news', async () => {
    const ports = fleet(ACME);
    ports.kms.key(ACME.kekArn).description = { validTo: new Date('2026-04-01T12:00:01.000Z') };
    expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1 });
  });

  test.each(['pending', 'suspended', 'offboarded'] as const)(
    'of a %s tenant is not asked for',
    async (status) => {
      const ports = fleet({ ...ACME, status });
      ports.kms.key(ACME.kekArn).description = { state: 'Disabled' };
      expect(await watch(ports, NEVER)).toEqual({ ...NOTHING, tenants: 1 });
    },
  );
});

describe('a failure', () => {
  test('of one tenant stops no other', async () => {
    const ports = fleet(ACME, GLOBEX);
    await park(ports, ACME, 5);
    await park(ports, GLOBEX, 5);
    const failure = new StorageUnavailableError('throttled');
    const parking: MemoryParking = {
      ...ports.parking,
      async oldest(tenantId, limit) {
        if (tenantId === ACME.tenantId) throw failure;
        return await ports.parking.oldest(tenantId, limit);
      },
    };
    const summary = await watch({ ...ports, parking }, NEVER);
    expect(summary).toMatchObject({ tenants: 2, unparked: 5, failed: 2 });
    expect(ports.notices).toContainEqual({ name: 'failed', tenantId: 'acme', error: failure });
  });

  test('of the listing does not keep jobs parked', async () => {
    const ports = fleet(ACME);
    await park(ports, ACME, 5);
    const failure = new StorageUnavailableError('s3 is away');
    const listing = { page: async () => await Promise.reject(failure) };
    expect(await watch({ ...ports, listing }, NEVER)).toMatchObject({ unparked: 5, failed: 1 });
    expect(ports.notices).toContainEqual({ name: 'failed', error: failure });
  });

  test('to read one tenant’s record stops no other', async () => {
    const ports = fleet(ACME);
    await park(ports, ACME, 5);
    const failure = new TenantInvalidError('globex');
    async function* all(): AsyncGenerator<Tenant> {
      yield* ports.tenants.all();
      throw failure;
    }
    const tenants = { ...ports.tenants, all };
    expect(await watch({ ...ports, tenants }, NEVER)).toMatchObject({ tenants: 1, unparked: 5 });
    expect(ports.notices).toContainEqual({ name: 'failed', error: failure });
  });

  test('to list the tenants is thrown', async () => {
    const ports = fleet(ACME);
    ports.tenants.outage = new StorageUnavailableError('throttled');
    await expect(watch(ports, NEVER)).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
  });
});

describe('many tenants', () => {
  const many = Array.from({ length: 200 }, (_, index) => ({
    ...ACME,
    tenantId: tenantIdSchema.parse(`tenant-${String(index).padStart(3, '0')}`),
  }));

  test('are all probed, 32 at once', async () => {
    const ports = fleet(...many);
    let [running, most, probed] = [0, 0, 0];
    const kms: ControlPlaneKms = {
      ...ports.kms,
      async describe(kekArn) {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        probed += 1;
        return await ports.kms.describe(kekArn);
      },
    };
    await watch({ ...ports, kms }, NEVER);
    expect({ most, probed }).toEqual({ most: 32, probed: 200 });
  });

  test('unpark side by side', async () => {
    const ports = fleet(ACME, GLOBEX);
    await park(ports, ACME, 200);
    await park(ports, GLOBEX, 200);
    expect(await watch(ports, NEVER)).toMatchObject({ unparked: 400 });
    const tenantIds = ports.jobs.requests.map(([job]) => job?.tenantId);
    expect(tenantIds.indexOf(GLOBEX.tenantId)).toBeLessThan(tenantIds.lastIndexOf(ACME.tenantId));
    expect(tenantIds.indexOf(ACME.tenantId)).toBeLessThan(tenantIds.lastIndexOf(GLOBEX.tenantId));
  });

  test('are left to the next watch when time is up', async () => {
    const ports = fleet(...many);
    expect(await watch(ports, AbortSignal.abort())).toMatchObject({ tenants: 0, unparked: 0 });
  });
});
