/** What of a tenant still lies in the ingest bucket. Memory is flat in the number of versions. */
import pLimit from 'p-limit';
import { objectIdOf } from '../chunk/object-id.ts';
import type { ListedVersion, SourceListing, State, VersionMarker } from '../ports.ts';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface WaitingPorts {
  readonly listing: SourceListing;
  readonly state: Pick<State, 'tenantAndPlan'>;
}

export interface Waiting {
  /** Versions planned and not sealed. */
  readonly planned: number;
  /** Versions, whatever became of them. */
  readonly uploads: number;
}

const READS_AT_ONCE = 16;

/** @throws StorageUnavailableError; what `signal` aborts with */
export async function countWaiting(
  tenantId: TenantId,
  ports: WaitingPorts,
  signal: AbortSignal,
): Promise<Waiting> {
  const waiting = { planned: 0, uploads: 0 };
  let marker: VersionMarker | undefined;
  do {
    signal.throwIfAborted();
    const page = await ports.listing.page(marker, `${tenantId}/`);
    waiting.uploads += page.versions.length;
    waiting.planned += await countPlanned(tenantId, page.versions, ports);
    marker = page.next;
  } while (marker !== undefined);
  return waiting;
}

async function countPlanned(
  tenantId: TenantId,
  versions: readonly ListedVersion[],
  { state }: WaitingPorts,
): Promise<number> {
  const limit = pLimit(READS_AT_ONCE);
  const plans = await Promise.all(
    versions.map(async ({ bucket, key, versionId }) =>
      limit(async () => (await state.tenantAndPlan(tenantId, objectIdOf(bucket, key, versionId))).plan),
    ),
  );
  return plans.filter((plan) => plan !== undefined && plan.sealedAt === undefined).length;
}
