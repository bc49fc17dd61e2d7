/**
 * The queue message of a job. The job of a chunk names a chunk of a plan and nothing else: the plan decides which bytes
 * are read and under whose key they are written. The job of a small object names a version that was uploaded: its
 * tenant and its name follow from its key. So a forged message can ask for no more than work that is due anyway. That of
 * a small object can also say which of two uploads of one name is the newer one; the other one stays in the vault.
 */
import * as z from 'zod';
import { JobInvalidError, SealstreamError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { tenantIdSchema, type TenantId } from '../tenant/tenant-id.ts';
import { MAX_INLINE_BYTES } from './geometry.ts';
import { objectIdOf, objectIdSchema, type ObjectId } from './object-id.ts';
import type { Plan } from './plan.ts';
import { type SourceVersion, sourceVersionShape, splitKey, type Upload } from './source-version.ts';

export type Job = ChunkJob | InlineJob;

/** The job of one chunk of a planned object. */
export interface ChunkJob {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  readonly chunkIndex: number;
}

/** The job of an object that is small enough to rest as one message. It has no plan. */
export interface InlineJob {
  readonly tenantId: TenantId;
  readonly source: SourceVersion;
  readonly sizeBytes: number;
}

const chunkJobSchema: z.ZodType<ChunkJob> = z.strictObject({
  tenantId: tenantIdSchema,
  objectId: objectIdSchema,
  chunkIndex: z.int().min(0),
});

const inlineJobSchema: z.ZodType<InlineJob> = z.strictObject({
  tenantId: tenantIdSchema,
  source: z.strictObject(sourceVersionShape),
  sizeBytes: z.int().min(0).max(MAX_INLINE_BYTES),
});

/**
 * Returns the queue message of a job: JSON in ASCII. A name in S3 may have characters that SQS refuses, such as U+FFFF,
 * which JSON does not escape by itself.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function encodeJob(job: Job): string {
  return JSON.stringify(job).replace(/[\u007f-\uffff]/g, escaped);
}

/** Escapes one UTF-16 unit, as JSON does. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** @throws JobInvalidError when the body is not a job */
export function parseJob(body: string): Job {
  const job = parseJson(body, () => new JobInvalidError('the message is not JSON'));
  const schema: z.ZodType<Job> = isInline(job) ? inlineJobSchema : chunkJobSchema;
  const parsed = schema.safeParse(job);
  if (!parsed.success) throw new JobInvalidError(`not a job: ${z.prettifyError(parsed.error)}`);
  if ('source' in parsed.data) uploadOfJob(parsed.data);
  return parsed.data;
}

function isInline(job: unknown): boolean {
  return typeof job === 'object' && job !== null && 'source' in job;
}

/** Returns the id of the object that the job is about. */
export function objectIdOfJob(job: Job): ObjectId {
  if ('objectId' in job) return job.objectId;
  const { bucket, key, versionId } = job.source;
  return objectIdOf(bucket, key, versionId);
}

/** @throws JobInvalidError when the source is not an upload of the job's tenant */
export function uploadOfJob({ tenantId, source, sizeBytes }: InlineJob): Upload {
  const owner = ownerOf(source);
  if (owner?.tenantId === tenantId) return { ...owner, source, sizeBytes };
  throw new JobInvalidError(`the source of the job is not an upload of tenant ${tenantId}`);
}

function ownerOf({ key }: SourceVersion): Pick<Upload, 'tenantId' | 'key'> | undefined {
  try {
    return splitKey(key);
  } catch (error) {
    if (error instanceof SealstreamError) return undefined;
    throw error;
  }
}

/**
 * Returns the plan if the job is one of its jobs.
 * @throws JobInvalidError when there is no such plan, it is another tenant's, or it has no such chunk
 */
export function requirePlanned(job: ChunkJob, plan: Plan | undefined): Plan {
  if (plan?.tenantId !== job.tenantId) {
    throw new JobInvalidError(`tenant ${job.tenantId} has no plan of object ${job.objectId}`);
  }
  if (job.chunkIndex >= plan.chunkCount) {
    throw new JobInvalidError(`object ${job.objectId} has no chunk ${job.chunkIndex}`);
  }
  return plan;
}

/** Yields the jobs of a plan from `firstIndex` on, one at a time: a plan may have 799,539. */
export function* jobsOf({ tenantId, objectId, chunkCount }: Plan, firstIndex: number): Generator<ChunkJob> {
  for (let chunkIndex = firstIndex; chunkIndex < chunkCount; chunkIndex += 1) {
    yield { tenantId, objectId, chunkIndex };
  }
}
