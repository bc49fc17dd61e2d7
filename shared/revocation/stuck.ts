/**
 * Whether one version in the ingest bucket is stuck, and what gets it going: never planned, a notification in place
 * of the one S3 lost; planned, the jobs of the chunks that have no receipt; sealed, a job that removes the source.
 */
import { objectIdOf } from '../chunk/object-id.ts';
import { notificationOf, splitKey } from '../chunk/upload.ts';
import { SealstreamError } from '../errors.ts';
import type { ListedVersion, Parking, Redrive, Redrives, State, Tenants, UploadQueue } from '../ports.ts';
import { mayEncrypt } from '../tenant/tenant.ts';
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

/** `foreign`: of no tenant of ours. `waiting`: of a tenant whose key may not be used, or that still unparks, or not due. */
export type Finding = 'redriven' | 'foreign' | 'waiting';

/** Waits between two redrives of an upload double up to a day. */
const MAX_WAIT_SECONDS = 86_400;

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
    return found === 'ready' ? await redriveIfStuck(tenantId, version, ports, signal) : found;
  };
}

type Standing = 'ready' | 'foreign' | 'waiting';

function tenantOf({ key }: ListedVersion): TenantId | undefined {
  try {
    return splitKey(key).tenantId;
  } catch (error) {
    if (error instanceof SealstreamError) return undefined;
    throw error;
  }
}

/** What looks stuck may be parked, so a tenant's parked jobs go first. */
async function standingOf(tenantId: TenantId, { tenants, parking }: StuckPorts): Promise<Standing> {
  const tenant = await tenants.tenant(tenantId);
  if (tenant === undefined) return 'foreign';
  if (!mayEncrypt(tenant)) return 'waiting';
  return (await parking.oldest(tenantId, 1)).length === 0 ? 'ready' : 'waiting';
}

async function redriveIfStuck(
  tenantId: TenantId,
  version: ListedVersion,
  ports: StuckPorts,
  signal: AbortSignal,
): Promise<Finding> {
  const objectId = objectIdOf(version.bucket, version.key, version.versionId);
  const now = ports.now();
  if (!isPast(version.uploadedAt, ports.stuckSeconds, now)) return 'waiting';
  const last = await ports.redrives.lastOf(objectId);
  if (last !== undefined && !isPast(last.at, waitSeconds(last, ports), now)) return 'waiting';
  const { plan } = await ports.state.tenantAndPlan(tenantId, objectId);
  if (plan !== undefined && !isPast(plan.plannedAt, ports.stuckSeconds, now)) return 'waiting';
  // Before it is sent: of two runs at once only one sends.
  const next = { times: (last?.times ?? 0) + 1, at: now.toISOString() };
  if (!(await ports.redrives.note(objectId, last, next))) return 'waiting';
  if (plan === undefined) {
    await ports.uploads.send(notificationOf({ ...version, sequencer: '' }, version.sizeBytes));
  } else {
    await sendDueJobs(plan, ports, signal);
  }
  return 'redriven';
}

function waitSeconds({ times }: Redrive, { stuckSeconds }: StuckPorts): number {
  return Math.min(stuckSeconds * 2 ** (times - 1), MAX_WAIT_SECONDS);
}

function isPast(at: string, seconds: number, now: Date): boolean {
  return now.getTime() - Date.parse(at) >= seconds * 1000;
}
