/**
 * Whether one version in the ingest bucket is stuck, and what gets it going: never planned, a notification in place
 * of the one S3 lost; planned, the jobs of the chunks that have no receipt; sealed, a job that removes the source.
 */
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
  /** An upload is stuck when nothing has come of it for so long. */
  readonly stuckSeconds: number;
  readonly now: () => Date;
}

/**
 * `foreign`: of no tenant of ours. `waiting`: of a tenant whose key may not be used, parked, not due, or known to be
 * unreadable.
 */
export type Finding = 'redriven' | 'foreign' | 'waiting';

/** Waits between two redrives of an upload double up to a day. */
const MAX_WAIT_SECONDS = 86_400;
/** So many parked jobs of a tenant are looked at. */
const PARKED_JOBS = 100;

/** Looks at versions, one by one, and at each of their tenants once. */
export function stuckVersions(
  ports: StuckPorts,
  signal: AbortSignal,
): (version: ListedVersion) => Promise<Finding> {
  const standings = new Map<TenantId, Promise<Standing>>();
  return async (version) => {
    signal.throwIfAborted();
    const tenantId = tenantOf(version);
    if (tenantId === undefined) return 'foreign';
    const standing = standings.get(tenantId) ?? standingOf(tenantId, ports);
    standings.set(tenantId, standing);
    const found = await standing;
    return typeof found === 'string' ? found : await redriveIfStuck(tenantId, version, found, ports, signal);
  };
}

/** The objects of which a job is parked, where the tenant’s uploads may be re-driven. */
type Standing = ReadonlySet<ObjectId> | 'foreign' | 'waiting';

function tenantOf({ key }: ListedVersion): TenantId | undefined {
  try {
    return splitKey(key).tenantId;
  } catch (error) {
    if (error instanceof SealstreamError) return undefined;
    throw error;
  }
}

async function standingOf(tenantId: TenantId, ports: StuckPorts): Promise<Standing> {
  const tenant = await ports.tenants.tenant(tenantId);
  if (tenant === undefined) return 'foreign';
  if (!rulesOf(tenant).encrypts) return 'waiting';
  const parked = await ports.parking.oldest(tenantId, PARKED_JOBS);
  return isBacklog(parked, ports) ? 'waiting' : new Set(parked.map(({ job }) => job.objectId));
}

/**
 * What looks stuck may only be parked, so a backlog goes first, at its own rate. A job that is unparked and parked again
 * and again is young each time: it holds nothing up but its own object.
 */
function isBacklog(parked: readonly ParkedJob[], { stuckSeconds, now }: StuckPorts): boolean {
  const [oldest] = parked;
  if (oldest === undefined || parked.length < PARKED_JOBS) return false;
  const arrivedMs = Number(oldest.arrival.split('#')[0]);
  return now().getTime() - arrivedMs >= stuckSeconds * 1000;
}

async function redriveIfStuck(
  tenantId: TenantId,
  version: ListedVersion,
  parked: ReadonlySet<ObjectId>,
  ports: StuckPorts,
  signal: AbortSignal,
): Promise<Finding> {
  const objectId = objectIdOf(version.bucket, version.key, version.versionId);
  const now = ports.now();
  if (parked.has(objectId) || !isPast(version.uploadedAt, ports.stuckSeconds, now)) return 'waiting';
  const last = await ports.redrives.lastOf(objectId);
  const { plan } = await ports.state.tenantAndPlan(tenantId, objectId);
  if (plan?.unreadable !== undefined) return 'waiting';
  const { generation = 0 } = plan ?? {};
  const isPlannedAnew = generation > (last?.generation ?? 0);
  if (!isPlannedAnew && !isDue(plan, last, ports)) return 'waiting';
  // Before it is sent: of two runs at once only one sends.
  const next = { times: isPlannedAnew ? 1 : (last?.times ?? 0) + 1, at: now.toISOString(), generation };
  if (!(await ports.redrives.note(objectId, last, next))) return 'waiting';
  if (plan === undefined) {
    await ports.uploads.send(notificationOf({ ...version, sequencer: '' }, version.sizeBytes));
  } else {
    await sendDueJobs(plan, ports, signal);
  }
  return 'redriven';
}

/** A plan of a new generation is due at once: the jobs of its other chunks may have been done for the last one. */
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
