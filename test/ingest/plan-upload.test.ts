import { describe, expect, test } from 'vitest';
import { planNotification, type PlanPorts } from '../../shared/ingest/plan-upload.ts';
import { inBatches } from '../../shared/aws/batches.ts';
import { JOBS_PER_REQUEST } from '../../shared/aws/sqs-queues.ts';
import { StorageUnavailableError } from '../../shared/errors.ts';
import { ACME } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, recordOf, type UploadOptions, world, type World } from '../support/world.ts';
import { chunkIndexOf } from '../support/chunk-index.ts';

function notificationOf(sizeBytes: number, ...uploads: UploadOptions[]): string {
  const records = uploads.map((options) => recordOf(Buffer.alloc(0), options));
  for (const { s3 } of records) Object.assign(s3.object, { size: sizeBytes });
  return JSON.stringify({ Records: records });
}

function indexesOf({ jobs }: World): number[] {
  return jobs.requests.flat().map(chunkIndexOf);
}

const CHUNKS = 799_539;
const THREE_CHUNKS = notificationOf(2 * CHUNK_BYTES + 1, { key: 'acme/x' });

describe('a notification', () => {
  test('becomes a plan and one job per chunk', async () => {
    const ports = world();
    const plans = await planNotification(THREE_CHUNKS, ports, NEVER);
    expect(plans).toMatchObject([{ tenantId: 'acme', key: 'x', chunkCount: 3 }]);
    expect([...ports.state.plans.values()]).toEqual(plans);
    expect(ports.jobs.requests).toEqual([
      [0, 1, 2].map((chunkIndex) => ({ tenantId: 'acme', objectId: plans[0]?.objectId, chunkIndex })),
    ]);
  });

  test('of an empty object becomes one job', async () => {
    const ports = world();
    await planNotification(notificationOf(0, {}), ports, NEVER);
    expect(indexesOf(ports)).toEqual([0]);
  });

  test('sends the plan before any of its jobs', async () => {
    const ports = world();
    await planNotification(THREE_CHUNKS, ports, NEVER);
    expect(ports.effects.log).toEqual(['state.tenantAndPlan', 'state.createPlan', 'jobs.send']);
  });

  test('sends ten jobs a request', async () => {
    const ports = world();
    await planNotification(notificationOf(25 * CHUNK_BYTES, {}), ports, NEVER);
    expect(ports.jobs.requests.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(indexesOf(ports).toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 25 }, (_, i) => i),
    );
  });

  test('that is S3’s test event does nothing', async () => {
    const ports = world();
    expect(await planNotification('{"Event":"s3:TestEvent"}', ports, NEVER)).toEqual([]);
    expect(ports.effects.log).toEqual([]);
  });

  test('of a revoked tenant is planned: its jobs wait for the key, not its plan', async () => {
    const ports = world();
    ports.state.tenants.set('acme', { ...ACME, status: 'revoked' });
    await planNotification(THREE_CHUNKS, ports, NEVER);
    expect(indexesOf(ports)).toEqual([0, 1, 2]);
  });
});

describe('a notification of a small object', () => {
  const LIMIT = 1_000;

  test.each([0, 1, LIMIT])(
    'of %i bytes becomes one job that names the version, and no plan',
    async (bytes) => {
      const ports = { ...world(), inlineBytes: LIMIT };
      const planned = await planNotification(notificationOf(bytes, {}), ports, NEVER);
      const [[job] = []] = ports.jobs.requests;
      expect(job).toMatchObject({ tenantId: 'acme', sizeBytes: bytes, source: { key: 'acme/report.pdf' } });
      expect(planned).toMatchObject([job]);
      expect(ports.effects.log).toEqual(['state.tenantAndPlan', 'jobs.send']);
    },
  );

  test.each([
    ['larger than the limit', LIMIT + 1, LIMIT],
    ['empty, but no object is to be small', 0, 0],
  ])('that is %s becomes a plan', async (_what, bytes, inlineBytes) => {
    const ports = { ...world(), inlineBytes };
    await planNotification(notificationOf(bytes, {}), ports, NEVER);
    expect(indexesOf(ports)).toEqual([0]);
    expect(ports.state.plans.size).toBe(1);
  });

  test('that was planned before the limit was raised goes on as planned', async () => {
    const ports = world();
    await planNotification(notificationOf(LIMIT, {}), ports, NEVER);
    await planNotification(notificationOf(LIMIT, {}), { ...ports, inlineBytes: LIMIT }, NEVER);
    expect(indexesOf(ports)).toEqual([0, 0]);
  });
});

describe.each(['offboarding', 'offboarded'] as const)('a notification of a tenant that is %s', (status) => {
  test('is rejected: nothing new is planned', async () => {
    const ports = world();
    ports.state.tenants.set('acme', { ...ACME, status });
    await expect(planNotification(THREE_CHUNKS, ports, NEVER)).rejects.toMatchObject({
      code: 'ERR_TENANT_OFFBOARDED',
      disposition: 'reject',
    });
    expect([...ports.state.plans.values(), ...ports.jobs.requests]).toEqual([]);
  });

  test('is finished when it was planned before', async () => {
    const ports = world();
    const [plan] = await planNotification(THREE_CHUNKS, ports, NEVER);
    ports.state.tenants.set('acme', { ...ACME, status });
    expect(await planNotification(THREE_CHUNKS, ports, NEVER)).toEqual([plan]);
  });
});

describe('a redelivered notification', () => {
  test('plans the same object, not another', async () => {
    const ports = world();
    const [first] = await planNotification(THREE_CHUNKS, ports, NEVER);
    const [second] = await planNotification(THREE_CHUNKS, { ...ports, now: () => new Date(0) }, NEVER);
    expect(second).toEqual(first);
    expect(ports.state.plans.size).toBe(1);
  });

  test('keeps the first plan’s chunk size when the configuration changed', async () => {
    const ports = world();
    const [first] = await planNotification(THREE_CHUNKS, ports, NEVER);
    const [second] = await planNotification(THREE_CHUNKS, { ...ports, chunkBytes: 1_048_576 }, NEVER);
    expect(second).toEqual(first);
  });

  test('goes on where the jobs ended', async () => {
    const ports = world();
    const [plan] = await planNotification(THREE_CHUNKS, ports, NEVER);
    ports.jobs.requests.length = 0;
    ports.state.plans.forEach((stored, id, plans) => plans.set(id, { ...stored, jobsSent: 2 }));
    await planNotification(THREE_CHUNKS, ports, NEVER);
    expect(ports.jobs.requests).toEqual([[{ tenantId: 'acme', objectId: plan?.objectId, chunkIndex: 2 }]]);
  });

  test('sends nothing for a sealed object', async () => {
    const ports = world();
    await planNotification(THREE_CHUNKS, ports, NEVER);
    ports.jobs.requests.length = 0;
    ports.state.plans.forEach((stored, id, plans) =>
      plans.set(id, { ...stored, sealedAt: stored.plannedAt }),
    );
    await planNotification(THREE_CHUNKS, ports, NEVER);
    expect(ports.jobs.requests).toEqual([]);
  });

  test('after a crash at any point, every job is on the queue', async () => {
    for (const deadAfter of [1, 2, 3]) {
      const ports = world();
      ports.effects.dieAfter(deadAfter);
      await expect(planNotification(THREE_CHUNKS, ports, NEVER)).rejects.toBeInstanceOf(Error);
      ports.effects.revive();
      await planNotification(THREE_CHUNKS, ports, NEVER);
      expect(new Set(indexesOf(ports))).toEqual(new Set([0, 1, 2]));
      expect(ports.state.plans.size).toBe(1);
    }
  });
});

describe('a notification of several uploads', () => {
  const uploads = [{ key: 'nobody/b' }, { key: 'acme/a' }, { key: 'globex/c' }];

  test('plans the good ones and fails for the bad one', async () => {
    const ports = world();
    const outcome = planNotification(notificationOf(5, ...uploads), ports, NEVER);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN', disposition: 'reject' });
    expect([...ports.state.plans.values()].map(({ key }) => key).toSorted()).toEqual(['a', 'c']);
    expect(ports.jobs.requests).toHaveLength(2);
  });

  test('plans the others when one record is no record of S3', async () => {
    const ports = world();
    const [good, bad] = [recordOf(Buffer.alloc(5), { key: 'acme/a' }), recordOf(Buffer.alloc(5))];
    Object.assign(bad.s3.object, { versionId: undefined });
    const outcome = planNotification(JSON.stringify({ Records: [bad, null, good] }), ports, NEVER);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID', disposition: 'reject' });
    expect([...ports.state.plans.values()].map(({ key }) => key)).toEqual(['a']);
  });

  test('fails with a failure that a retry may mend, when there is one', async () => {
    const ports = world();
    ports.effects.failOnce('jobs.send', new StorageUnavailableError('throttled'));
    const outcome = planNotification(notificationOf(5, ...uploads), ports, NEVER);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE', disposition: 'retry' });
  });

  test('fails with an unknown failure rather than a final one', async () => {
    const ports = world();
    ports.effects.failOnce('state.createPlan', new TypeError('a bug'));
    const outcome = planNotification(notificationOf(5, ...uploads), ports, NEVER);
    await expect(outcome).rejects.toBeInstanceOf(TypeError);
  });
});

describe('the largest object', () => {
  test('of 48.8 TiB is planned with few jobs in memory and one state write per 10,000', async () => {
    const { counts, ports } = counting();
    await planNotification(notificationOf(CHUNKS * 67_108_864, {}), ports, NEVER);
    expect(counts.jobs).toBe(CHUNKS);
    expect(counts.indexSum).toBe((CHUNKS * (CHUNKS - 1)) / 2);
    expect(counts.requests).toBe(Math.ceil(CHUNKS / 10));
    expect(counts.marks).toHaveLength(79);
    expect(counts.mostUnderWay).toBeLessThanOrEqual(160);
  });

  test('stops at the signal and goes on from its last mark', async () => {
    const { counts, ports } = counting();
    const controller = new AbortController();
    const state = {
      ...ports.state,
      advancePlan: async (...[plan, jobsSent]: Parameters<PlanPorts['state']['advancePlan']>) => {
        await ports.state.advancePlan(plan, jobsSent);
        if (jobsSent === 30_000) controller.abort(new StorageUnavailableError('out of time'));
      },
    };
    const body = notificationOf(CHUNKS * 67_108_864, {});
    await expect(planNotification(body, { ...ports, state }, controller.signal)).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
    expect(counts.jobs).toBe(30_000);
    const createPlan: PlanPorts['state']['createPlan'] = async (plan) =>
      await Promise.resolve({ ...plan, jobsSent: counts.marks.at(-1) ?? 0 });
    await planNotification(body, { ...ports, state: { ...ports.state, createPlan } }, NEVER);
    expect(counts.jobs).toBe(CHUNKS);
    expect(counts.indexSum).toBe((CHUNKS * (CHUNKS - 1)) / 2);
  });
});

/** Ports that count and keep nothing. */
function counting() {
  const counts = { requests: 0, jobs: 0, marks: [] as number[], underWay: 0, mostUnderWay: 0, indexSum: 0 };
  const ports: PlanPorts = {
    chunkBytes: 67_108_864,
    inlineBytes: 0,
    now: () => new Date(0),
    state: {
      tenantAndPlan: async () => await Promise.resolve({ tenant: ACME }),
      createPlan: async (plan) => await Promise.resolve(plan),
      advancePlan: async (_plan, jobsSent) => {
        await Promise.resolve();
        // Everything before the mark has been taken by the queue.
        expect(counts).toMatchObject({ underWay: 0, jobs: jobsSent });
        counts.marks.push(jobsSent);
      },
    },
    jobs: {
      send: async (jobs) => {
        await inBatches(jobs, { items: JOBS_PER_REQUEST, requestsAtOnce: 16 }, async (batch) => {
          counts.underWay += batch.length;
          counts.mostUnderWay = Math.max(counts.mostUnderWay, counts.underWay);
          await Promise.resolve();
          counts.underWay -= batch.length;
          counts.requests += 1;
          counts.jobs += batch.length;
          for (const job of batch) counts.indexSum += chunkIndexOf(job);
        });
      },
    },
  };
  return { counts, ports };
}
