import type { Job } from '../../shared/object/job.ts';

/** Returns the index of the chunk that the job is about; -1 for a small object, which has no chunks. */
export function chunkIndexOf(job: Job): number {
  return 'chunkIndex' in job ? job.chunkIndex : -1;
}
