import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { planNotification } from '../../shared/ingest/plan-upload.ts';
import type { Plan } from '../../shared/object/plan.ts';
import { entryKey } from '../../shared/object/vault-key.ts';
import { StorageUnavailableError } from '../../shared/errors.ts';
import type { SourceListing } from '../../shared/ports/sources.ts';
import { redrive, type RedrivePorts } from '../../shared/watch/redrive.ts';
import type { TenantStatus } from '../../shared/tenant/tenant.ts';
import { memoryParking, type MemoryParking } from '../support/memory-parking.ts';
import {
  memoryListing,
  type MemoryListing,
  memoryRedrives,
  type MemoryRedrives,
  memoryUploads,
  type MemoryUploads,
} from '../support/memory-redrives.ts';
import { ACME } from '../support/tenants.ts';
import {
  CHUNK_BYTES,
  NEVER,
  planned,
  sealed,
  SEALED_AT,
  UPLOADED_AT,
  uploadedInline,
  type UploadOptions,
  world,
  type World,
} from '../support/world.ts';
import { chunkIndexOf } from '../support/chunk-index.ts';

const STUCK_SECONDS = 3600;

interface Bucket extends World, RedrivePorts {
  readonly listing: MemoryListing;
  readonly redrives: MemoryRedrives;
  readonly uploads: MemoryUploads;
  readonly parking: MemoryParking;
  readonly jobs: World['jobs'];
  readonly state: World['state'];
  readonly tenants: World['state'];
  /** The seconds since the uploads were planned. */
  elapsedSeconds: number;
}

function bucket(pageVersions?: number): Bucket {
  const ports = world();
  const made: Bucket = {
    ...ports,
    tenants: ports.state,
    parking: memoryParking(ports.effects),
    listing: memoryListing(ports.effects, pageVersions),
    redrives: memoryRedrives(ports.effects, ports.state),
    uploads: memoryUploads(ports.effects),
    stuckSeconds: STUCK_SECONDS,
    elapsedSeconds: STUCK_SECONDS,
    now: () => new Date(Date.parse(SEALED_AT) + made.elapsedSeconds * 1000),
  };
  return made;
}

/** An upload that is planned, but none of its jobs is done. */
function stuck(ports: Bucket, body: Buffer = randomBytes(10), options: UploadOptions = {}): Plan {
  const plan = planned(ports, body, options);
  ports.listing.listed.push({ ...plan.source, sizeBytes: body.length });
  return plan;
}

/** An upload that nobody heard of. */
function unheard(ports: Bucket, body: Buffer = randomBytes(10), options: UploadOptions = {}): void {
  ports.state.plans.delete(stuck(ports, body, options).objectId);
}

function received({ state }: Bucket, plan: Plan, chunkIndexes: readonly number[]): void {
  for (const index of chunkIndexes) state.receiptsOf(plan).set(index, { etag: `"${index}"`, checksum: '' });
}

/** Jobs of other objects of the tenant. */
async function park(ports: Bucket, { tenantId }: Plan, jobs: number, at: string): Promise<void> {
  const objectId = objectIdOf('ingest', 'acme/parked', 'v1');
  for (let index = 0; index < jobs; index += 1) {
    const arrival = `${String(Date.parse(at)).padStart(15, '0')}#${index}`;
    await ports.parking.park({ job: { tenantId, objectId, chunkIndex: index }, arrival });
  }
}

function listed(ports: Bucket, key: string): void {
  const version = { bucket: 'ingest', key, versionId: 'v1', uploadedAt: UPLOADED_AT, sizeBytes: 1 };
  ports.listing.listed.push(version);
}

/** A small upload whose one job is parked. */
async function parkedSmall(): Promise<Bucket> {
  const ports = bucket();
  const job = uploadedInline(ports, randomBytes(10));
  ports.listing.listed.push({ ...job.source, sizeBytes: job.sizeBytes });
  await ports.parking.park({ job, arrival: `${String(Date.parse(UPLOADED_AT)).padStart(15, '0')}#m` });
  return ports;
}

describe('a small upload, which is not planned,', () => {
  test('waits while its job is parked, so that its jobs do not add up', async () => {
    const ports = await parkedSmall();
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 0 });
    expect(ports.uploads.notifications).toEqual([]);
  });

  test('is sent again once its job is neither parked nor done', async () => {
    const ports = await parkedSmall();
    await ports.parking.remove(ports.parking.parkedOf(ACME.tenantId));
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
    expect(ports.uploads.notifications).toHaveLength(1);
  });
});

function sent({ jobs }: Bucket): number[] {
  return jobs.requests.flat().map(chunkIndexOf);
}

function setStatus({ state }: Bucket, status: TenantStatus): void {
  state.tenants.set(ACME.tenantId, { ...ACME, status });
}

describe('an upload that is planned but not sealed', () => {
  test('gets the jobs of the chunks that have no receipt', async () => {
    const ports = bucket();
    const plan = stuck(ports, randomBytes(5 * CHUNK_BYTES));
    received(ports, plan, [1, 3]);
    expect(await redrive(ports, NEVER)).toEqual({ redriven: 1, foreign: 0, failures: [] });
    expect(sent(ports)).toEqual([0, 2, 4]);
  });

  test('gets the job that seals it when every chunk has a receipt', async () => {
    const ports = bucket();
    const plan = stuck(ports, randomBytes(3 * CHUNK_BYTES));
    received(ports, plan, [0, 1, 2]);
    await redrive(ports, NEVER);
    expect(sent(ports)).toEqual([2]);
  });

  test('of many chunks is sent ten jobs a request', async () => {
    const ports = bucket();
    const plan = stuck(ports);
    ports.state.plans.set(plan.objectId, { ...plan, sizeBytes: 1001 * plan.chunkBytes, chunkCount: 1001 });
    await redrive(ports, NEVER);
    expect(sent(ports)).toHaveLength(1001);
    expect(new Set(sent(ports)).size).toBe(1001);
    expect(Math.max(...ports.jobs.requests.map((request) => request.length))).toBe(10);
  });

  test('is left in peace for as long as it may take', async () => {
    const ports = bucket();
    stuck(ports);
    ports.elapsedSeconds = STUCK_SECONDS - 1;
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 0 });
  });

  test('is sent again after waits of 1, 2, 4, 8 and 16 hours, then of a day', async () => {
    const ports = bucket();
    stuck(ports);
    const hours: number[] = [];
    for (let hour = 1; hour <= 100; hour += 1) {
      ports.elapsedSeconds = hour * 3600;
      if ((await redrive(ports, NEVER)).redriven === 1) hours.push(hour);
    }
    expect(hours).toEqual([1, 2, 4, 8, 16, 32, 56, 80]);
  });

  test('and can never be read is not sent again until its plan stops saying so', async () => {
    const ports = bucket();
    const plan = stuck(ports);
    const unreadable = { at: UPLOADED_AT, reason: 'archived' };
    ports.state.plans.set(plan.objectId, { ...plan, unreadable });
    expect(await redrive(ports, NEVER)).toEqual({ redriven: 0, foreign: 0, failures: [] });
    ports.state.plans.set(plan.objectId, plan);
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
    expect(sent(ports)).toEqual([0]);
  });

  test('is sent once by two runs at once', async () => {
    const ports = bucket();
    stuck(ports);
    const both = await Promise.all([redrive(ports, NEVER), redrive(ports, NEVER)]);
    expect(both.filter(({ redriven }) => redriven === 1)).toHaveLength(1);
    expect(sent(ports)).toEqual([0]);
  });

  test.each(['pending', 'revoked', 'suspended', 'offboarded'] as const)(
    'waits while its tenant is %s',
    async (status) => {
      const ports = bucket();
      stuck(ports);
      setStatus(ports, status);
      expect(await redrive(ports, NEVER)).toEqual({ redriven: 0, foreign: 0, failures: [] });
      expect(ports.redrives.redrives.size).toBe(0);
    },
  );

  test('of a tenant on its way out is sealed still', async () => {
    const ports = bucket();
    stuck(ports);
    setStatus(ports, 'offboarding');
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
  });

  test('waits until no job of its own is parked any more', async () => {
    const ports = bucket();
    const { tenantId, objectId } = stuck(ports);
    await ports.parking.park({ job: { tenantId, objectId, chunkIndex: 0 }, arrival: '1#m' });
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 0 });
    await ports.parking.remove(ports.parking.parkedOf(tenantId));
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
  });

  test.each([1, 99])('is not held up by %i jobs of another upload that are parked for ever', async (jobs) => {
    const ports = bucket();
    const plan = stuck(ports);
    await park(ports, plan, jobs, UPLOADED_AT);
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
  });

  test('is not held up by any number of jobs that are unparked and parked again and again', async () => {
    const ports = bucket();
    const plan = stuck(ports);
    await park(ports, plan, 200, ports.now().toISOString());
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
  });

  test('waits for a backlog that goes back to the queue at its own rate', async () => {
    const ports = bucket();
    const plan = stuck(ports);
    await park(ports, plan, 100, UPLOADED_AT);
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 0 });
  });

  test('is sent again at once when it was planned anew, however lately it was re-driven', async () => {
    const ports = bucket();
    const plan = stuck(ports, randomBytes(3 * CHUNK_BYTES));
    received(ports, plan, [0, 1]);
    await redrive(ports, NEVER);
    expect(sent(ports)).toEqual([2]);
    await ports.state.replan(plan, plan.kekArn);
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
    expect(sent(ports)).toEqual([2, 0, 1, 2]);
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 0 });
    ports.elapsedSeconds += STUCK_SECONDS;
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
  });
});

describe('an upload that is sealed', () => {
  test('gets a job that removes its source', async () => {
    const ports = bucket();
    const body = randomBytes(3 * CHUNK_BYTES);
    const { source } = await sealed(ports, body);
    // A crash leaves the source of a sealed object in the bucket.
    ports.sources.versions.set('v1', { body, attributes: { metadata: {}, tags: {} }, checksums: [] });
    ports.listing.listed.push({ ...source, sizeBytes: body.length });
    await redrive(ports, NEVER);
    for (const job of ports.jobs.requests.flat()) await encryptJob(JSON.stringify(job), ports, NEVER);
    expect(sent(ports)).toEqual([2]);
    expect(ports.sources.versions.size).toBe(0);
  });
});

describe('an upload that S3 told nobody of', () => {
  test.each(['acme/report.pdf', 'acme/a b+ü%.txt', 'acme/folder/'])(
    'as %s is planned and sealed',
    async (key) => {
      const ports = bucket();
      unheard(ports, randomBytes(CHUNK_BYTES + 1), { key });
      expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 1 });
      for (const body of ports.uploads.notifications) await planNotification(body, ports, NEVER);
      for (const job of ports.jobs.requests.flat()) await encryptJob(JSON.stringify(job), ports, NEVER);
      expect(ports.vault.objects.has(entryKey(ACME.tenantId, key.slice(5)))).toBe(true);
      expect(ports.sources.versions.size).toBe(0);
    },
  );

  test('is told of once, then given its time', async () => {
    const ports = bucket();
    unheard(ports);
    await redrive(ports, NEVER);
    ports.elapsedSeconds += STUCK_SECONDS - 1;
    await redrive(ports, NEVER);
    expect(ports.uploads.notifications).toHaveLength(1);
    ports.elapsedSeconds += 1;
    await redrive(ports, NEVER);
    expect(ports.uploads.notifications).toHaveLength(2);
  });

  test('is not told of before S3 has had its time', async () => {
    const ports = bucket();
    unheard(ports);
    ports.elapsedSeconds = STUCK_SECONDS - 61;
    await redrive(ports, NEVER);
    expect(ports.uploads.notifications).toEqual([]);
  });
});

describe('what is no upload of a tenant', () => {
  test.each(['nobody/x', 'acme/', 'acme', 'Not A Tenant/x', '/x', ''])('as %j is counted', async (key) => {
    const ports = bucket();
    listed(ports, key);
    stuck(ports);
    expect(await redrive(ports, NEVER)).toEqual({ redriven: 1, foreign: 1, failures: [] });
  });
});

describe('a run', () => {
  test('asks once a page for each tenant', async () => {
    const ports = bucket();
    for (let index = 0; index < 50; index += 1) stuck(ports, randomBytes(1), { versionId: `v${index}` });
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 50 });
    expect(ports.effects.log.filter((effect) => effect === 'state.tenant')).toHaveLength(1);
  });

  test('stops after twenty pages, and the next goes on from there', async () => {
    const ports = bucket(2);
    for (let index = 0; index < 50; index += 1) stuck(ports, randomBytes(1), { versionId: `v${index}` });
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 40 });
    expect(ports.redrives.stoppedAt()).toEqual({ key: 'acme/report.pdf', versionId: 'v39' });
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 10 });
    expect(ports.redrives.stoppedAt()).toBeUndefined();
  });

  test("is not stopped by one upload's failure", async () => {
    const ports = bucket();
    stuck(ports, randomBytes(1), { versionId: 'v1' });
    stuck(ports, randomBytes(1), { versionId: 'v2' });
    const failure = new StorageUnavailableError('throttled');
    ports.effects.failOnce('jobs.send', failure);
    expect(await redrive(ports, NEVER)).toEqual({ redriven: 1, foreign: 0, failures: [failure] });
  });

  test('that S3 refuses to continue is followed by one from the start', async () => {
    const ports = bucket(1);
    stuck(ports, randomBytes(1), { versionId: 'v1' });
    stuck(ports, randomBytes(1), { versionId: 'v2' });
    await ports.redrives.keepMarker({ key: 'acme/gone', versionId: 'v0' });
    const listing: SourceListing = {
      async page(marker) {
        if (marker?.versionId === 'v0') throw new StorageUnavailableError('s3 answered InvalidArgument');
        return await ports.listing.page(marker);
      },
    };
    await expect(redrive({ ...ports, listing }, NEVER)).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
    expect(await redrive({ ...ports, listing }, NEVER)).toMatchObject({ redriven: 2 });
  });

  test('out of time leaves its page to the next', async () => {
    const ports = bucket(1);
    stuck(ports, randomBytes(1), { versionId: 'v1' });
    stuck(ports, randomBytes(1), { versionId: 'v2' });
    const out = AbortSignal.abort(new StorageUnavailableError('out of time'));
    expect(await redrive(ports, out)).toMatchObject({ redriven: 0 });
    expect(ports.effects.log.filter((effect) => effect === 'listing.page')).toHaveLength(1);
    expect(await redrive(ports, NEVER)).toMatchObject({ redriven: 2 });
  });
});
