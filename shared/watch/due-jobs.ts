/** Sends the jobs that bring a plan to its end once more. Memory does not grow with their number. */
import type { Job } from '../object/job.ts';
import type { Plan } from '../object/plan.ts';
import type { JobQueue } from '../ports/queues.ts';
import type { Redrives } from '../ports/redrives.ts';

export interface DueJobPorts {
  readonly jobs: JobQueue;
  readonly redrives: Pick<Redrives, 'missingChunks'>;
}

/** The number of jobs between two looks at the signal. */
const JOBS_PER_LOOK = 160;

/** @throws StorageUnavailableError, or the reason `signal` aborted with; the jobs sent until then are harmless */
export async function sendDueJobs(plan: Plan, ports: DueJobPorts, signal: AbortSignal): Promise<void> {
  await ports.jobs.send(dueJobs(plan, ports, signal));
}

/**
 * Gives the job of each chunk that has no receipt. When every chunk has one, it gives the last chunk's job, which seals
 * the object, or removes the source if the object is sealed.
 */
async function* dueJobs(plan: Plan, { redrives }: DueJobPorts, signal: AbortSignal): AsyncGenerator<Job> {
  const { tenantId, objectId, chunkCount } = plan;
  let missing = 0;
  if (plan.sealedAt === undefined) {
    for await (const chunkIndex of redrives.missingChunks(plan)) {
      yield { tenantId, objectId, chunkIndex };
      missing += 1;
      if (missing % JOBS_PER_LOOK === 0) signal.throwIfAborted();
    }
  }
  if (missing === 0) yield { tenantId, objectId, chunkIndex: chunkCount - 1 };
}
