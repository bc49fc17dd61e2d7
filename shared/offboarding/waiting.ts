/** What of a tenant still lies in the ingest bucket. Memory is flat in the number of versions. */
import pLimit from 'p-limit';
import { objectIdOf } from '../object/object-id.ts';
import { type ErrorCode, SealstreamError } from '../errors.ts';
import type { ListedVersion, SourceListing, VersionMarker } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { counted, type NamedVersions, NO_VERSIONS, versionName } from '../tenant/named-versions.ts';

export interface WaitingPorts {
  readonly listing: SourceListing;
  readonly state: Pick<State, 'tenantAndPlan'>;
}

export interface Waiting {
  /** Versions planned and not sealed, but for those that nothing will ever seal. */
  readonly planned: NamedVersions;
  /** Versions that nothing will ever seal, each with the reason: a plan that does not prove itself, a source S3 refuses. */
  readonly unsealable: NamedVersions;
  /** Versions, whatever became of them. */
  readonly uploads: number;
}

const READS_AT_ONCE = 16;
const UNREADABLE: ErrorCode = 'ERR_SOURCE_UNREADABLE';

/** @throws StorageUnavailableError; what `signal` aborts with */
export async function countWaiting(
  tenantId: TenantId,
  ports: WaitingPorts,
  signal: AbortSignal,
): Promise<Waiting> {
  let waiting: Waiting = { planned: NO_VERSIONS, unsealable: NO_VERSIONS, uploads: 0 };
  let marker: VersionMarker | undefined;
  do {
    signal.throwIfAborted();
    const page = await ports.listing.page(marker, `${tenantId}/`);
    waiting = withPage(waiting, page.versions, await standingsOf(tenantId, page.versions, ports));
    marker = page.next;
  } while (marker !== undefined);
  return waiting;
}

/** `unsealable`, and why. */
type Standing = 'planned' | 'other' | { readonly unsealable: string };

function withPage(
  { planned, unsealable, uploads }: Waiting,
  versions: readonly ListedVersion[],
  standings: readonly Standing[],
): Waiting {
  const names = versions.map(versionName);
  return {
    planned: counted(
      planned,
      names.filter((_name, index) => standings[index] === 'planned'),
    ),
    unsealable: counted(
      unsealable,
      names.flatMap((name, index) => {
        const standing = standings[index];
        return typeof standing === 'object' ? [`${name}: ${standing.unsealable}`] : [];
      }),
    ),
    uploads: uploads + versions.length,
  };
}

async function standingsOf(
  tenantId: TenantId,
  versions: readonly ListedVersion[],
  { state }: WaitingPorts,
): Promise<readonly Standing[]> {
  const limit = pLimit(READS_AT_ONCE);
  return await Promise.all(
    versions.map(async (version) => limit(async () => await standingOf(tenantId, version, state))),
  );
}

async function standingOf(
  tenantId: TenantId,
  { bucket, key, versionId }: ListedVersion,
  state: WaitingPorts['state'],
): Promise<Standing> {
  try {
    const { plan } = await state.tenantAndPlan(tenantId, objectIdOf(bucket, key, versionId));
    if (plan === undefined || plan.sealedAt !== undefined) return 'other';
    return plan.unreadable === undefined ? 'planned' : { unsealable: UNREADABLE };
  } catch (error) {
    // What may go better the next time is an outage; anything else is the row itself.
    if (!(error instanceof SealstreamError) || error.disposition === 'retry') throw error;
    return { unsealable: error.code };
  }
}
