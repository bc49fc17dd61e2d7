/**
 * Finds uploads that nothing works on any more, and sends them on their way again. The ingest bucket is the index: a
 * version that is still there is not sealed. Every run looks at the next few pages, so the whole bucket is looked at in
 * turn, and nothing grows with it.
 */
import pLimit from 'p-limit';
import type { ListedVersion, SourceListing, VersionMarker, VersionPage } from '../ports/sources.ts';
import type { Redrives } from '../ports/redrives.ts';
import { type Look, type StuckPorts, stuckVersions } from './stuck.ts';

export interface RedrivePorts extends StuckPorts {
  readonly listing: SourceListing;
  readonly redrives: Redrives;
}

/** The numbers of versions by outcome, and the failures. */
export interface Redriven {
  readonly redriven: number;
  /** Counts versions of no tenant of ours, or with a name that no upload can have: nothing will ever take them away. */
  readonly foreign: number;
  /** The first failure of each page. */
  readonly failures: readonly unknown[];
}

/** A page is 1,000 versions, so a run looks at 20,000. */
const PAGES_PER_RUN = 20;
const VERSIONS_AT_ONCE = 16;

/**
 * Does one run. A failure of one version does not stop the look at the others; the next round comes to it again.
 * @throws StorageUnavailableError when the bucket cannot be listed
 */
export async function redrive(ports: RedrivePorts, signal: AbortSignal): Promise<Redriven> {
  const pages: Redriven[] = [];
  let marker = await ports.redrives.marker();
  while (pages.length < PAGES_PER_RUN) {
    const { versions, next } = await pageAfter(marker, ports);
    pages.push(await redrivePage(versions, ports, signal));
    // The next run begins with a page that was not looked at to its end.
    if (signal.aborted) break;
    await ports.redrives.keepMarker(next);
    if (next === undefined) break;
    marker = next;
  }
  return {
    redriven: pages.reduce((sum, { redriven }) => sum + redriven, 0),
    foreign: pages.reduce((sum, { foreign }) => sum + foreign, 0),
    failures: pages.flatMap(({ failures }) => failures),
  };
}

/**
 * Reads a page. A marker that S3 does not take must not stop every run to come, so the next run begins at the start.
 */
async function pageAfter(
  marker: VersionMarker | undefined,
  { listing, redrives }: RedrivePorts,
): Promise<VersionPage> {
  try {
    return await listing.page(marker);
  } catch (error) {
    await redrives.keepMarker(undefined);
    throw error;
  }
}

async function redrivePage(
  versions: readonly ListedVersion[],
  ports: RedrivePorts,
  signal: AbortSignal,
): Promise<Redriven> {
  const limit = pLimit(VERSIONS_AT_ONCE);
  const look = stuckVersions(ports, signal);
  const outcomes = await Promise.allSettled(
    versions.map(async (version) => await limit(async () => await look(version))),
  );
  const looks = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
  return {
    redriven: countOf('redriven', looks),
    foreign: countOf('foreign', looks),
    failures: failures.slice(0, 1),
  };
}

function countOf(look: Look, looks: readonly Look[]): number {
  return looks.filter((one) => one === look).length;
}
