/** After the key is back: waits until every upload is sealed and nothing is parked any more. */
import { setTimeout as delay } from 'node:timers/promises';
import type { PipelineClient, Uploaded } from '../client.ts';
import type { Registry } from './registry.ts';
import type { Seals } from './seals.ts';

export interface Backlog {
  readonly client: PipelineClient;
  readonly registry: Registry;
  readonly seals: Seals;
  readonly revoked: { readonly tenantId: string };
  readonly uploads: readonly Uploaded[];
}

const LOOK_MS = 50;
/**
 * After so long, S3 is asked about objects that the log has not told of: the sandbox that sealed one may have died before it
 * said so.
 */
const LOG_PATIENCE_MS = 5_000;

/** Resolves when the backlog is drained. Rejects with the signal's reason where that comes first. */
export async function drained(backlog: Backlog, signal: AbortSignal): Promise<void> {
  const { client, registry, seals, revoked, uploads } = backlog;
  const untold = (): readonly Uploaded[] => uploads.filter(({ objectId }) => !seals.has(objectId));
  const askAt = performance.now() + LOG_PATIENCE_MS;
  while (untold().length > 0 && performance.now() < askAt) await delay(LOOK_MS, undefined, { signal });
  // One after the other: when the first is looked at long enough, the others are sealed as well.
  for (const uploaded of untold()) await client.sealed(uploaded, signal);
  while ((await registry.parkedJobs(revoked.tenantId)) > 0) await delay(LOOK_MS, undefined, { signal });
}
