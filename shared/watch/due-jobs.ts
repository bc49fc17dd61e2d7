/** Sends the jobs that bring a plan to its end once more. Memory is flat in their number. */
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
/** The number of requests under way at once. */
const BATCHES_AT_ONCE = 16;

/** @throws StorageUnavailableError, or the reason `signal` aborted with; the jobs sent until then are harmless */
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

/**
 * Gives the job of each chunk that has no receipt. When every chunk has one, it gives the last chunk's job, which seals
 * the object, or removes the source if the object is sealed.
 */
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
