/**
 * The queue message of one chunk. It names a chunk of a plan and nothing else. The plan decides which bytes are read
 * and under whose key they are written, so a forged message can ask for no more than work that is due anyway.
 */
import * as z from 'zod';
import { JobInvalidError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { tenantIdSchema, type TenantId } from '../tenant/tenant-id.ts';
import { objectIdSchema, type ObjectId } from './object-id.ts';
import type { Plan } from './plan.ts';

export interface Job {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  readonly chunkIndex: number;
}

const jobSchema: z.ZodType<Job> = z.strictObject({
  tenantId: tenantIdSchema,
  objectId: objectIdSchema,
  chunkIndex: z.int().min(0),
});

/** @throws JobInvalidError when the body is not a job */
export function parseJob(body: string): Job {
  const parsed = jobSchema.safeParse(parseJson(body, () => new JobInvalidError('the message is not JSON')));
  if (parsed.success) return parsed.data;
  throw new JobInvalidError(`not a job: ${z.prettifyError(parsed.error)}`);
}

/**
 * Returns the plan if the job is one of its jobs.
 * @throws JobInvalidError when there is no such plan, it is another tenant's, or it has no such chunk
 */
export function requirePlanned(job: Job, plan: Plan | undefined): Plan {
  if (plan?.tenantId !== job.tenantId) {
    throw new JobInvalidError(`tenant ${job.tenantId} has no plan of object ${job.objectId}`);
  }
  if (job.chunkIndex >= plan.chunkCount) {
    throw new JobInvalidError(`object ${job.objectId} has no chunk ${job.chunkIndex}`);
  }
  return plan;
}

/** Yields the jobs of a plan from `firstIndex` on, one at a time: a plan may have 799,539. */
export function* jobsOf({ tenantId, objectId, chunkCount }: Plan, firstIndex: number): Generator<Job> {
  for (let chunkIndex = firstIndex; chunkIndex < chunkCount; chunkIndex += 1) {
    yield { tenantId, objectId, chunkIndex };
  }
}
