/** The largest object S3 takes, 48.8 TiB, planned against ports that only count: what it costs, and how flat it is. */
import { inBatches } from '../shared/aws/batches.ts';
import { JOBS_PER_REQUEST } from '../shared/aws/sqs-queues.ts';
import { planNotification } from '../shared/ingest/plan-upload.ts';
import type { Plan } from '../shared/object/plan.ts';
import { tenantSchema } from '../shared/tenant/tenant.ts';
import { heldBytes } from './heap.ts';
import type { Figure } from './report.ts';

const MIB = 1_048_576;
const CHUNK_BYTES = 64 * MIB;
/** 48.8 TiB, S3's limit. */
const SIZE_BYTES = 799_539 * CHUNK_BYTES;
const TENANT = tenantSchema.parse({
  tenantId: 'bench',
  kekArn: 'arn:aws:kms:us-east-1:111111111111:key/bench',
  status: 'active',
  epoch: 1,
  signal: { name: 'registered', at: '2026-01-01T00:00:00.000Z' },
});

export async function benchPlan(): Promise<readonly Figure[]> {
  const counts = { jobs: 0, queueCalls: 0, stateWrites: 0, peakBytes: 0 };
  const signal = new AbortController().signal;
  const startedAt = performance.now();
  const baseBytes = heldBytes();
  await planNotification(
    notification(),
    {
      chunkBytes: CHUNK_BYTES,
      inlineBytes: 0,
      now: () => new Date(),
      jobs: {
        send: async (jobs) =>
          await inBatches(jobs, { items: JOBS_PER_REQUEST, requestsAtOnce: 16 }, async (batch) => {
            counts.jobs += batch.length;
            counts.queueCalls += 1;
            if (counts.queueCalls % 1_000 === 0)
              counts.peakBytes = Math.max(counts.peakBytes, heldBytes() - baseBytes);
          }),
      },
      state: {
        async tenantAndPlan() {
          return { tenant: TENANT };
        },
        async createPlan(plan: Plan) {
          counts.stateWrites += 1;
          return plan;
        },
        async advancePlan() {
          counts.stateWrites += 1;
        },
      },
    },
    signal,
  );
  return [
    { name: 'jobs', value: counts.jobs, unit: 'jobs' },
    { name: 'queue calls', value: counts.queueCalls, unit: 'calls' },
    { name: 'state writes', value: counts.stateWrites, unit: 'writes' },
    { name: 'time, without the network', value: (performance.now() - startedAt) / 1000, unit: 's' },
    { name: 'heap growth at most', value: counts.peakBytes / MIB, unit: 'MiB', reach: { atMost: 4 } },
  ];
}

function notification(): string {
  const object = { key: 'bench/huge', size: SIZE_BYTES, versionId: 'v', sequencer: '0A' };
  return JSON.stringify({
    Records: [
      {
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:CompleteMultipartUpload',
        eventTime: '2026-01-01T00:00:00.000Z',
        s3: { bucket: { name: 'b' }, object },
      },
    ],
  });
}
