/**
 * Finds out of one version in the ingest bucket whether it is stuck, and gets it going. A version that was never
 * planned gets a notification in place of the one that S3 lost. A planned one gets the jobs of the chunks that have no
 * receipt. A sealed one gets a job that removes the source.
 */
import { objectIdOfJob } from '../object/job.ts';
import { type ObjectId, objectIdOf } from '../object/object-id.ts';
import type { Plan } from '../object/plan.ts';
import { notificationOf } from '../ingest/notification.ts';
import { splitKey } from '../object/source-version.ts';
import { SealstreamError } from '../errors.ts';
import type { ListedVersion } from '../ports/sources.ts';
import type { ParkedJob, Parking } from '../ports/parking.ts';
import type { Redrive, Redrives } from '../ports/redrives.ts';
import type { State } from '../ports/state.ts';
import type { Tenants } from '../ports/tenants.ts';
import type { UploadQueue } from '../ports/queues.ts';
import { rulesOf } from '../tenant/status.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { type DueJobPorts, sendDueJobs } from './due-jobs.ts';

export interface StuckPorts extends DueJobPorts {
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly parking: Pick<Parking, 'oldest'>;
  readonly state: Pick<State, 'tenantAndPlan'>;
  readonly redrives: Redrives;
  readonly uploads: UploadQueue;
  /** The time after which an upload without progress is stuck. */
  readonly stuckSeconds: number;
  readonly now: () => Date;
}

/**
 * The outcome of a look at one version. `foreign`: it belongs to no tenant of ours. `waiting`: its tenant's key may not
 * be used, or it is parked, not due, or known to be unreadable.
 */
export type Look = 'redriven' | 'foreign' | 'waiting';

/** The wait between two redrives of an upload doubles up to a day. */
const MAX_WAIT_SECONDS = 86_400;
/** The number of a tenant's parked jobs that are looked at. */
const PARKED_JOBS = 100;

/** Returns a function that looks at versions, one by one, and at each of their tenants once. */
export function stuckVersions(
  ports: StuckPorts,
  signal: AbortSignal,
): (version: ListedVersion) => Promise<Look> {
  const backlogs = new Map<TenantId, Promise<Backlog>>();
  return async (version) => {
    signal.throwIfAborted();
    const tenantId = tenantOf(version);
    if (tenantId === undefined) return 'foreign';
    const backlog = backlogs.get(tenantId) ?? backlogOf(tenantId, ports);
    backlogs.set(tenantId, backlog);
    const parked = await backlog;
    if (typeof parked === 'string') return parked;
    const objectId = objectIdOf(version.bucket, version.key, version.versionId);
    if (parked.has(objectId)) return 'waiting';
    return await redriveIfStuck({ tenantId, objectId, version }, ports, signal);
  };
}

/**
 * The objects of a tenant that have a parked job; or the one outcome for all of its versions when none may be
 * re-driven.
 */
type Backlog = ReadonlySet<ObjectId> | 'foreign' | 'waiting';

function tenantOf({ key }: ListedVersion): TenantId | undefined {
  try {
    return splitKey(key).tenantId;
  } catch (error) {
    if (error instanceof SealstreamError) return undefined;
    throw error;
  }
}

async function backlogOf(tenantId: TenantId, ports: StuckPorts): Promise<Backlog> {
  const tenant = await ports.tenants.tenant(tenantId);
  if (tenant === undefined) return 'foreign';
  if (!rulesOf(tenant).encrypts) return 'waiting';
  const parked = await ports.parking.oldest(tenantId, PARKED_JOBS);
  return isLong(parked, ports) ? 'waiting' : new Set(parked.map(({ job }) => objectIdOfJob(job)));
}

/**
 * True when the backlog is long and old. An upload that looks stuck may only be parked, so such a backlog is unparked
 * first, at its own rate. A job that is unparked and parked again and again is young each time, so it delays only its
 * own object.
 */
function isLong(parked: readonly ParkedJob[], { stuckSeconds, now }: StuckPorts): boolean {
  const [oldest] = parked;
  if (oldest === undefined || parked.length < PARKED_JOBS) return false;
  const arrivedMs = Number(oldest.arrival.split('#')[0]);
  return now().getTime() - arrivedMs >= stuckSeconds * 1000;
}

/** One upload that is not parked, and may be stuck. */
interface Candidate {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  readonly version: ListedVersion;
}

async function redriveIfStuck(
  { tenantId, objectId, version }: Candidate,
  ports: StuckPorts,
  signal: AbortSignal,
): Promise<Look> {
  const now = ports.now();
  if (!isPast(version.uploadedAt, ports.stuckSeconds, now)) return 'waiting';
  const last = await ports.redrives.lastOf(objectId);
  const { plan } = await ports.state.tenantAndPlan(tenantId, objectId);
  if (plan?.unreadable !== undefined) return 'waiting';
  const { generation = 0 } = plan ?? {};
  const isPlannedAnew = generation > (last?.generation ?? 0);
  if (!isPlannedAnew && !isDue(plan, last, ports)) return 'waiting';
  // The redrive is noted before it is sent, so of two runs at once only one sends.
  const next = { times: isPlannedAnew ? 1 : (last?.times ?? 0) + 1, at: now.toISOString(), generation };
  if (!(await ports.redrives.note(objectId, last, next))) return 'waiting';
  if (plan === undefined) {
    await ports.uploads.send(notificationOf({ ...version, sequencer: '' }, version.sizeBytes));
  } else {
    await sendDueJobs(plan, ports, signal);
  }
  return 'redriven';
}

/**
 * True when the upload may be redriven once more. A plan of a new generation is not asked here, because it is due at
 * once: the jobs of its other chunks may have been done for the last generation.
 */
function isDue(plan: Plan | undefined, last: Redrive | undefined, ports: StuckPorts): boolean {
  const now = ports.now();
  if (last !== undefined && !isPast(last.at, waitSeconds(last, ports), now)) return false;
  return plan === undefined || isPast(plan.plannedAt, ports.stuckSeconds, now);
}

function waitSeconds({ times }: Redrive, { stuckSeconds }: StuckPorts): number {
  return Math.min(stuckSeconds * 2 ** (times - 1), MAX_WAIT_SECONDS);
}

function isPast(at: string, seconds: number, now: Date): boolean {
  return now.getTime() - Date.parse(at) >= seconds * 1000;
}
