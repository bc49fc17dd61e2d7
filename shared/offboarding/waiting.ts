/** Counts the versions of a tenant that are still in the ingest bucket. Memory does not grow with their number. */
import pLimit from 'p-limit';
import { objectIdOf } from '../object/object-id.ts';
import { SealstreamError, type SourceUnreadableError } from '../errors.ts';
import type { ListedVersion, SourceListing, VersionMarker } from '../ports/sources.ts';
import { splitKey } from '../object/source-version.ts';
import type { State } from '../ports/state.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { counted, type NamedVersions, NO_VERSIONS, versionName } from '../tenant/named-versions.ts';

export interface WaitingPorts {
  readonly listing: SourceListing;
  readonly state: Pick<State, 'tenantAndPlan'>;
}

export interface Waiting {
  /** The versions that were taken and are not sealed yet. Those in `unsealable` are not among them. */
  readonly taken: NamedVersions;
  /**
   * The versions that nothing will ever seal, each with the reason: its plan is not valid, S3 refuses the
   * source, or no upload can have its name.
   */
  readonly unsealable: NamedVersions;
  /** The number of all versions, sealed or not. */
  readonly uploads: number;
}

const READS_AT_ONCE = 16;
const UNREADABLE: SourceUnreadableError['code'] = 'ERR_SOURCE_UNREADABLE';

/** The versions that are counted. */
export interface WaitingQuery {
  readonly tenantId: TenantId;
  /**
   * The time when the intake was closed, ISO 8601, UTC. A version that is not planned was taken if it came before: a
   * small object has no plan.
   */
  readonly closedAt: string;
}

/** @throws StorageUnavailableError; the reason of `signal` once it aborts */
export async function countWaiting(
  query: WaitingQuery,
  ports: WaitingPorts,
  signal: AbortSignal,
): Promise<Waiting> {
  let waiting: Waiting = { taken: NO_VERSIONS, unsealable: NO_VERSIONS, uploads: 0 };
  let marker: VersionMarker | undefined;
  do {
    signal.throwIfAborted();
    const page = await ports.listing.page(marker, `${query.tenantId}/`);
    waiting = withPage(waiting, page.versions, await statesOf(query, page.versions, ports));
    marker = page.next;
  } while (marker !== undefined);
  return waiting;
}

/** The state of one version. `unsealable` holds the reason. */
type VersionState = 'taken' | 'other' | { readonly unsealable: string };

function withPage(
  { taken, unsealable, uploads }: Waiting,
  versions: readonly ListedVersion[],
  states: readonly VersionState[],
): Waiting {
  const names = versions.map(versionName);
  return {
    taken: counted(
      taken,
      names.filter((_name, index) => states[index] === 'taken'),
    ),
    unsealable: counted(
      unsealable,
      names.flatMap((name, index) => {
        const versionState = states[index];
        return typeof versionState === 'object' ? [`${name}: ${versionState.unsealable}`] : [];
      }),
    ),
    uploads: uploads + versions.length,
  };
}

async function statesOf(
  query: WaitingQuery,
  versions: readonly ListedVersion[],
  { state }: WaitingPorts,
): Promise<readonly VersionState[]> {
  const limit = pLimit(READS_AT_ONCE);
  return await Promise.all(
    versions.map(async (version) => limit(async () => await stateOf(query, version, state))),
  );
}

async function stateOf(
  { tenantId, closedAt }: WaitingQuery,
  { bucket, key, versionId, uploadedAt }: ListedVersion,
  state: WaitingPorts['state'],
): Promise<VersionState> {
  try {
    const { plan } = await state.tenantAndPlan(tenantId, objectIdOf(bucket, key, versionId));
    if (plan === undefined) {
      // A version whose name no upload can have, such as the folder {tenantId}/, is never planned.
      splitKey(key);
      return uploadedAt < closedAt ? 'taken' : 'other';
    }
    if (plan.sealedAt !== undefined) return 'other';
    return plan.unreadable === undefined ? 'taken' : { unsealable: UNREADABLE };
  } catch (error) {
    // A failure that may pass is an outage. Every other failure is caused by the row itself.
    if (!(error instanceof SealstreamError) || error.disposition === 'retry') throw error;
    return { unsealable: error.code };
  }
}
