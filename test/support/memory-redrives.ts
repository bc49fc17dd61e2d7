/** The listing of the ingest bucket, what the watch remembers, and the upload queue, in memory. */
import type { ListedVersion, SourceListing, VersionMarker } from '../../shared/ports/sources.ts';
import type { Redrive, Redrives } from '../../shared/ports/redrives.ts';
import type { UploadQueue } from '../../shared/ports/queues.ts';
import type { Effects } from './effects.ts';
import type { MemoryState } from './memory-state.ts';

export interface MemoryListing extends SourceListing {
  readonly listed: ListedVersion[];
}

export interface MemoryRedrives extends Redrives {
  readonly redrives: Map<string, Redrive>;
  /** Returns the version at which the last run stopped. */
  stoppedAt(): VersionMarker | undefined;
}

export interface MemoryUploads extends UploadQueue {
  readonly notifications: string[];
}

export function memoryListing({ run }: Effects, pageVersions = 1000): MemoryListing {
  const listed: ListedVersion[] = [];
  return {
    listed,
    page: async (marker, prefix = '') =>
      await run('listing.page', () => {
        const below = listed.filter(({ key }) => key.startsWith(prefix)).toSorted(byKey);
        const start = marker === undefined ? 0 : placeBehind(below, marker);
        const versions = below.slice(start, start + pageVersions);
        const last = versions.at(-1);
        const isLast = last === undefined || start + pageVersions >= below.length;
        return { versions, next: isLast ? undefined : { key: last.key, versionId: last.versionId } };
      }),
  };
}

export function memoryRedrives(
  { run }: Effects,
  { receiptsOf }: Pick<MemoryState, 'receiptsOf'>,
): MemoryRedrives {
  const redrives = new Map<string, Redrive>();
  let stopped: VersionMarker | undefined;
  return {
    redrives,
    stoppedAt: () => stopped,
    marker: async () => await run('redrives.marker', () => stopped),
    keepMarker: async (marker) =>
      await run('redrives.keepMarker', () => {
        stopped = marker;
      }),
    lastOf: async (objectId) => await run('redrives.lastOf', () => redrives.get(objectId)),
    note: async (objectId, last, next) =>
      await run('redrives.note', () => {
        if (redrives.get(objectId)?.at !== last?.at) return false;
        redrives.set(objectId, next);
        return true;
      }),
    async *missingChunks(plan) {
      const received = await run('redrives.missingChunks', () => receiptsOf(plan));
      for (let index = 0; index < plan.chunkCount; index += 1) if (!received.has(index)) yield index;
    },
  };
}

export function memoryUploads({ run }: Effects): MemoryUploads {
  const notifications: string[] = [];
  return {
    notifications,
    send: async (notification) => await run('uploads.send', () => void notifications.push(notification)),
  };
}

function byKey(one: Pick<ListedVersion, 'key'>, other: Pick<ListedVersion, 'key'>): number {
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
}

/** Returns the index of the first version behind the marker. The marker's version may be gone: then its key counts. */
function placeBehind(versions: readonly ListedVersion[], marker: VersionMarker): number {
  const at = versions.findIndex((version) => isAt(version, marker));
  if (at >= 0) return at + 1;
  return versions.filter((version) => byKey(version, marker) <= 0).length;
}

function isAt(version: ListedVersion, marker: VersionMarker): boolean {
  return version.key === marker.key && version.versionId === marker.versionId;
}
