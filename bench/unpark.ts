/** A tenant's 100,000 parked jobs unparked, against a parking lot and a queue that only count: rate and memory. */
import { objectIdOf } from '../shared/object/object-id.ts';
import type { ParkedJob } from '../shared/ports/parking.ts';
import { unpark } from '../shared/watch/unpark.ts';
import { tenantSchema } from '../shared/tenant/tenant.ts';
import { heldBytes } from './heap.ts';
import type { Figure } from './report.ts';

const MIB = 1_048_576;
const PARKED_JOBS = 100_000;
const UNPARK_PER_SECOND = 10_000;
const JOBS_PER_LOOK = 10_000;

const tenant = tenantSchema.parse({
  tenantId: 'bench',
  kekArn: 'arn:aws:kms:us-east-1:111111111111:key/bench',
  status: 'active',
  epoch: 1,
  signal: { name: 'registered', at: '2026-01-01T00:00:00.000Z' },
});
const objectId = objectIdOf('ingest', 'bench/x', 'v');

export async function benchUnpark(): Promise<readonly Figure[]> {
  const counts = { jobs: 0, removed: 0, peakBytes: 0 };
  const baseBytes = heldBytes();
  const startedAt = performance.now();
  await unpark(
    tenant.tenantId,
    {
      tenants: { tenant: async () => tenant },
      parking: {
        oldest: async (_tenantId, limit) => parkedFrom(counts.removed, limit),
        async remove(parked) {
          counts.removed += parked.length;
        },
      },
      jobs: {
        async send(jobs) {
          for await (const _job of jobs) counts.jobs += 1;
          if (counts.jobs % JOBS_PER_LOOK === 0)
            counts.peakBytes = Math.max(counts.peakBytes, heldBytes() - baseBytes);
        },
      },
      leases: { hold: async () => true, release: async () => undefined },
      unparkPerSecond: UNPARK_PER_SECOND,
    },
    { signal: new AbortController().signal },
  );
  const rate = counts.jobs / ((performance.now() - startedAt) / 1000);
  return [
    { name: 'jobs', value: counts.jobs, unit: 'jobs', reach: { atLeast: PARKED_JOBS } },
    { name: 'of the configured rate', value: rate / UNPARK_PER_SECOND, unit: '×', reach: { atMost: 1 } },
    { name: 'rate', value: rate, unit: 'jobs/s', reach: { atLeast: 0.95 * UNPARK_PER_SECOND } },
    { name: 'heap growth at most', value: counts.peakBytes / MIB, unit: 'MiB', reach: { atMost: 4 } },
  ];
}

/** The oldest jobs once so many are gone. */
function parkedFrom(removed: number, limit: number): readonly ParkedJob[] {
  const left = Math.min(limit, PARKED_JOBS - removed);
  return Array.from({ length: left }, (_, index) => ({
    job: { tenantId: tenant.tenantId, objectId, chunkIndex: removed + index },
    arrival: `${String(removed + index).padStart(15, '0')}#message`,
  }));
}
