/** The jobs that bring a plan to its end, sent again; memory is flat in their number. */
import type { Job } from '../object/job.ts';
import type { Plan } from '../object/plan.ts';
import type { JobQueue } from '../ports/queues.ts';
import type { Redrives } from '../ports/redrives.ts';

export interface DueJobPorts {
  readonly jobs: JobQueue;
  readonly redrives: Pick<Redrives, 'missingChunks'>;
}

/** SQS takes ten messages a request. */
const BATCH_JOBS = 10;
/** Requests under way at once. */
const BATCHES_AT_ONCE = 16;

/** @throws StorageUnavailableError, or why `signal` aborted; what was sent then is sent, and harmless */
export async function sendDueJobs(plan: Plan, ports: DueJobPorts, signal: AbortSignal): Promise<void> {
  let wave: Job[] = [];
  for await (const job of dueJobs(plan, ports)) {
    wave.push(job);
    if (wave.length < BATCH_JOBS * BATCHES_AT_ONCE) continue;
    signal.throwIfAborted();
    await sendWave(wave, ports.jobs);
    wave = [];
  }
  await sendWave(wave, ports.jobs);
}

/** Where every chunk has its receipt, the last one's job seals the object, or removes the source if it is sealed. */
async function* dueJobs(plan: Plan, { redrives }: DueJobPorts): AsyncGenerator<Job> {
  const { tenantId, objectId, chunkCount } = plan;
  let missing = 0;
  if (plan.sealedAt === undefined) {
    for await (const chunkIndex of redrives.missingChunks(plan)) {
      missing += 1;
      yield { tenantId, objectId, chunkIndex };
    }
  }
  if (missing === 0) yield { tenantId, objectId, chunkIndex: chunkCount - 1 };
}

async function sendWave(wave: readonly Job[], jobs: JobQueue): Promise<void> {
  const batches: Promise<void>[] = [];
  for (let start = 0; start < wave.length; start += BATCH_JOBS) {
    batches.push(jobs.send(wave.slice(start, start + BATCH_JOBS)));
  }
  await Promise.all(batches);
}
