/**
 * Plans the uploads of one notification and puts one job per chunk on the queue. Memory does not grow with their
 * number. A small object has no plan: its one job names the version that was uploaded.
 */
import { errorOf, SealstreamError } from '../errors.ts';
import type { JobQueue } from '../ports/queues.ts';
import type { State } from '../ports/state.ts';
import { requireIntake } from '../tenant/admission.ts';
import { type InlineJob, type Job, jobsOf } from '../object/job.ts';
import { objectIdOf } from '../object/object-id.ts';
import { type Plan, planOf } from '../object/plan.ts';
import { parseNotification, uploadOf } from './notification.ts';
import type { Upload } from '../object/source-version.ts';

/** The number of jobs that are sent between two notes of our progress: the most that a crash sends again. */
const JOBS_PER_ADVANCE = 10_000;

export interface PlanPorts {
  readonly state: Pick<State, 'tenantAndPlan' | 'createPlan' | 'advancePlan'>;
  readonly jobs: JobQueue;
  readonly chunkBytes: number;
  /** The most bytes of an object that rests as one message. 0: every object is divided into chunks. */
  readonly inlineBytes: number;
  readonly now: () => Date;
}

/** What was made of one upload: its plan, or the one job of a small object. */
export type Planned = Plan | (InlineJob & Pick<Plan, 'objectId'>);

/**
 * Plans every upload that the notification names, even if another one of them fails. It is idempotent: a redelivered
 * notification goes on where it stopped.
 * @throws EventInvalidError, TenantUnknownError, TenantOffboardedError for a notification that can never be planned
 * @throws StorageUnavailableError for one that can later
 */
export async function planNotification(
  body: string,
  ports: PlanPorts,
  signal: AbortSignal,
): Promise<readonly Planned[]> {
  const records = parseNotification(body);
  const outcomes = await Promise.allSettled(
    records.map(async (record) => await planUpload(uploadOf(record), ports, signal)),
  );
  const failures = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => errorOf(reason));
  // A failure that a retry may mend comes first: the retry meets the final ones again.
  const failure = failures.find((reason) => !isFinal(reason)) ?? failures[0];
  if (failure !== undefined) throw failure;
  return outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
}

/** An upload that is planned already is finished, even if its tenant may not upload any more. */
async function planUpload(upload: Upload, ports: PlanPorts, signal: AbortSignal): Promise<Planned> {
  const { tenantId, source, sizeBytes } = upload;
  const { state, chunkBytes, inlineBytes, now } = ports;
  const objectId = objectIdOf(source.bucket, source.key, source.versionId);
  const read = await state.tenantAndPlan(tenantId, objectId);
  if (read.plan !== undefined) return await sendJobs(read.plan, ports, signal);
  const { kekArn } = requireIntake(read.tenant, tenantId, source.uploadedAt);
  if (inlineBytes > 0 && sizeBytes <= inlineBytes) {
    const job = { tenantId, source, sizeBytes };
    await ports.jobs.send([job]);
    return { ...job, objectId };
  }
  const plan = await state.createPlan(planOf(upload, { kekArn, chunkBytes, plannedAt: now() }));
  return await sendJobs(plan, ports, signal);
}

/**
 * Sends the jobs that are not sent yet, and returns the plan. Invariant: `advancePlan` runs only after every job before
 * its mark is on the queue.
 */
async function sendJobs(plan: Plan, { jobs, state }: PlanPorts, signal: AbortSignal): Promise<Plan> {
  if (plan.sealedAt !== undefined) return plan;
  let sentJobs = plan.jobsSent;
  for (const stretch of stretchesOf(jobsOf(plan, sentJobs))) {
    signal.throwIfAborted();
    await jobs.send(stretch);
    sentJobs += stretch.length;
    // A plan of one stretch is cheaper to send again than to note.
    if (sentJobs < plan.chunkCount) await state.advancePlan(plan, sentJobs);
  }
  return plan;
}

function* stretchesOf(jobs: Iterable<Job>): Generator<readonly Job[]> {
  let stretch: Job[] = [];
  for (const job of jobs) {
    stretch.push(job);
    if (stretch.length < JOBS_PER_ADVANCE) continue;
    yield stretch;
    stretch = [];
  }
  if (stretch.length > 0) yield stretch;
}

function isFinal(reason: Error): boolean {
  return reason instanceof SealstreamError && reason.disposition === 'reject';
}
