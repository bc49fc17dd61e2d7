import { afterEach, describe, expect, test, vi } from 'vitest';
import { StorageUnavailableError } from '../../shared/errors.ts';
import type { Job } from '../../shared/object/job.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import type { ParkedJob } from '../../shared/ports/parking.ts';
import { unpark, type UnparkPorts } from '../../shared/watch/unpark.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { effects, type Effects } from '../support/effects.ts';
import {
  memoryLeases,
  type MemoryLeases,
  memoryParking,
  type MemoryParking,
} from '../support/memory-parking.ts';
import { memoryJobs, type MemoryJobs, memoryState } from '../support/memory-state.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';
import { NEVER } from '../support/world.ts';
import { chunkIndexOf } from '../support/chunk-index.ts';

const MINUTE_MS = 60_000;

afterEach(() => void vi.restoreAllMocks());

interface Lot extends UnparkPorts {
  readonly effects: Effects;
  readonly parking: MemoryParking;
  readonly jobs: MemoryJobs;
  readonly leases: MemoryLeases;
  readonly tenantsById: Map<string, Tenant>;
}

/** The ports for a tenant's parked jobs, with a rate that no test waits for unless it says so. */
async function lot(parkedJobs: number, unparkPerSecond = 1_000_000): Promise<Lot> {
  const happening = effects();
  const { tenants: tenantsById, ...state } = memoryState(happening);
  tenantsById.set(ACME.tenantId, ACME);
  tenantsById.set(GLOBEX.tenantId, GLOBEX);
  const parking = memoryParking(happening);
  // The latest job is parked first, so the parking makes the order, not the insertion.
  for (let index = parkedJobs - 1; index >= 0; index -= 1) await park(parking, ACME, index);
  return {
    effects: happening,
    tenantsById,
    tenants: state,
    parking,
    jobs: memoryJobs(happening),
    leases: memoryLeases(happening),
    unparkPerSecond,
  };
}

async function park(parking: MemoryParking, { tenantId }: Tenant, chunkIndex: number): Promise<void> {
  const job = { tenantId, objectId: objectIdOf('ingest', `${tenantId}/x`, 'v1'), chunkIndex };
  await parking.park({ job, arrival: `${String(chunkIndex).padStart(15, '0')}#${tenantId}` });
}

function indexesSent({ jobs }: Lot): number[] {
  return jobs.requests.flat().map(chunkIndexOf);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe('unparking', () => {
  test.each([0, 1, 9, 10, 11, 99, 100, 101, 250])(
    'sends %i jobs in order of arrival, at most ten a request, and leaves none parked',
    async (count) => {
      const ports = await lot(count);
      expect(await unpark(ACME.tenantId, ports, { signal: NEVER })).toBe(count);
      expect(indexesSent(ports)).toEqual(upTo(count));
      expect(Math.max(0, ...ports.jobs.requests.map((request) => request.length))).toBeLessThanOrEqual(10);
      expect(ports.parking.parkedOf(ACME.tenantId)).toEqual([]);
      expect(ports.leases.holders.size).toBe(0);
    },
  );

  test('leaves what other tenants have parked', async () => {
    const ports = await lot(3);
    await park(ports.parking, GLOBEX, 7);
    await unpark(ACME.tenantId, ports, { signal: NEVER });
    expect(ports.parking.parkedOf(GLOBEX.tenantId)).toHaveLength(1);
    expect(indexesSent(ports)).toEqual([0, 1, 2]);
  });

  test('goes no faster than configured', async () => {
    const ports = await lot(300, 1000);
    const startedAtMs = performance.now();
    await unpark(ACME.tenantId, ports, { signal: NEVER });
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(299);
  });

  test('stops at the most it may send', async () => {
    const ports = await lot(250);
    expect(await unpark(ACME.tenantId, ports, { signal: NEVER, mostJobs: 130 })).toBe(130);
    expect(ports.parking.parkedOf(ACME.tenantId)).toHaveLength(120);
  });

  test('of nothing costs one read', async () => {
    const ports = await lot(0);
    ports.effects.log.length = 0;
    await unpark(ACME.tenantId, ports, { signal: NEVER });
    expect(ports.effects.log).toEqual(['parking.oldest']);
  });
});

describe('unparking stops', () => {
  test.each(['pending', 'revoked', 'offboarded'] as const)(
    'before it begins for a tenant that is %s',
    async (status) => {
      const ports = await lot(5);
      ports.tenantsById.set(ACME.tenantId, { ...ACME, status });
      expect(await unpark(ACME.tenantId, ports, { signal: NEVER })).toBe(0);
      expect(ports.parking.parkedOf(ACME.tenantId)).toHaveLength(5);
      expect(ports.leases.holders.size).toBe(0);
    },
  );

  test('within a page of the tenant being revoked', async () => {
    const ports = await lot(250);
    const jobs = {
      async send(batch: readonly Job[]) {
        ports.tenantsById.set(ACME.tenantId, { ...ACME, status: 'revoked' });
        await ports.jobs.send(batch);
      },
    };
    expect(await unpark(ACME.tenantId, { ...ports, jobs }, { signal: NEVER })).toBe(100);
    expect(ports.parking.parkedOf(ACME.tenantId)).toHaveLength(150);
  });

  test('while somebody else unparks the same tenant', async () => {
    const ports = await lot(5);
    ports.leases.holders.set('unpark#acme', 'somebody else');
    expect(await unpark(ACME.tenantId, ports, { signal: NEVER })).toBe(0);
    expect(indexesSent(ports)).toEqual([]);
    expect(ports.leases.holders.get('unpark#acme')).toBe('somebody else');
  });

  test('at the deadline, woken from its wait', async () => {
    // The first job is sent, and then a wait of a minute begins: the pace counts from a start in the future.
    const ports = await lot(5, 1);
    const controller = new AbortController();
    const parking = {
      ...ports.parking,
      async remove(parked: readonly ParkedJob[]) {
        await ports.parking.remove(parked);
        setImmediate(() => {
          controller.abort();
        });
      },
    };
    const startedAtMs = performance.now();
    vi.spyOn(performance, 'now').mockReturnValueOnce(startedAtMs + MINUTE_MS);
    expect(await unpark(ACME.tenantId, { ...ports, parking }, { signal: controller.signal })).toBe(1);
    expect(performance.now() - startedAtMs).toBeLessThan(MINUTE_MS);
  });
});

describe('a job', () => {
  test('is parked still when the queue does not take it', async () => {
    const ports = await lot(30);
    ports.effects.failOnce('jobs.send', new StorageUnavailableError('throttled'));
    await expect(unpark(ACME.tenantId, ports, { signal: NEVER })).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
    expect(ports.parking.parkedOf(ACME.tenantId)).toHaveLength(30);
    expect(ports.leases.holders.size).toBe(0);
  });

  test('is never lost, wherever the sandbox dies', async () => {
    // 12 jobs take these calls: peek, lease, tenant, page, two sends, removal, lease, tenant, page, release.
    for (let survived = 1; survived <= 11; survived += 1) {
      const ports = await lot(12);
      ports.effects.dieAfter(survived);
      await unpark(ACME.tenantId, ports, { signal: NEVER }).catch(() => undefined);
      ports.effects.revive();
      ports.leases.holders.clear();
      await unpark(ACME.tenantId, ports, { signal: NEVER });
      expect(new Set(indexesSent(ports))).toEqual(new Set(upTo(12)));
      expect(ports.parking.parkedOf(ACME.tenantId)).toEqual([]);
    }
  });
});
