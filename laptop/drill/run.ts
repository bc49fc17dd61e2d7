/** One drill: load, the button, the time without the key, the key again, and the verification of what is left. */
import { setTimeout as delay } from 'node:timers/promises';
import { latestBoundMs } from './bound.ts';
import { startChaos } from './chaos.ts';
import { drained } from './drain.ts';
import type { Drill, Moments, TenantWork } from './drill.ts';
import type { Load } from './load.ts';
import type { DrillOptions } from './options.ts';
import { pressButton, releaseButton } from './press.ts';
import type { Seals } from './seals.ts';
import { openStage, type Stage } from './stage.ts';
import { verify } from './verify.ts';
import { type Loads, warmUp } from './warm-up.ts';

const LOOK_MS = 25;
const DRAIN_PATIENCE_MS = 180_000;
/** Beyond the visibility timeout at stage `local`: what a killed sandbox had taken comes back at once. */
const STEP_MS = 125_000;
const STEP_EVERY_MS = 3_000;
/** The time that the key stays away beyond the bound, so that a late use would be seen. */
const MARGIN_MS = 2_000;

/** `onStep` is told what begins. Rejects with the signal's reason when that is aborted. Leaves nothing behind. */
export async function runDrill(
  options: DrillOptions,
  onStep: (step: string) => void,
  signal: AbortSignal,
): Promise<Drill> {
  await using opened = new AsyncDisposableStack();
  onStep('starting the local AWS');
  const stage = await openStage(options.sandboxes, options.maxKeyAgeSeconds, opened);
  onStep('warming up');
  const loads = await warmUp(stage, { ...options, signal }, opened);
  const chaos = options.chaos ? startChaos(stage) : undefined;
  opened.defer(async () => await chaos?.stop().catch(() => undefined));
  const run = { stage, loads, options, signal };
  const revocation = await revoke(run, onStep);
  onStep('the key is back: draining the backlog');
  const enabled = await releaseButton(stage, options);
  await chaos?.stop();
  const drainedMs = await drain(run);
  onStep('restoring and comparing everything');
  const remains = await verify(stage.client, allUploads(loads), options.sandboxes);
  const { moments, parkedJobs } = revocation;
  const deliveredMs = stage.deliveries.revoking(stage.revoked.tenantId, moments.pressedMs);
  return {
    options,
    moments: { ...moments, deliveredMs, ...enabled, drainedMs },
    uses: stage.uses,
    revoked: workOf(loads.revoked, stage.seals),
    other: workOf(loads.other, stage.seals),
    parkedJobs,
    remains,
  };
}

/** A drill under way. */
interface Run {
  readonly stage: Stage;
  readonly loads: Loads;
  readonly options: DrillOptions;
  readonly signal: AbortSignal;
}

/** Runs from a steady load to its end, with the button in between. */
async function revoke(
  { stage, loads, options, signal }: Run,
  onStep: (step: string) => void,
): Promise<{ moments: Pick<Moments, 'startedMs' | 'pressedMs' | 'heard'>; parkedJobs: number }> {
  onStep('under load');
  const startedMs = Date.now();
  await delay((options.seconds * 1000) / 3, undefined, { signal });
  const pressedMs = await pressButton(stage, options);
  loads.revoked.hold();
  onStep(`${stage.revoked.tenantId}'s key is disabled`);
  const withoutKeyMs = Math.max((options.seconds * 2000) / 3, latestBoundMs(options) + MARGIN_MS);
  const [heard] = await Promise.all([
    hear(stage, pressedMs + withoutKeyMs, signal),
    delay(withoutKeyMs, undefined, { signal }),
  ]);
  await Promise.all([loads.revoked.stop(), loads.other.stop()]);
  const parkedJobs = await stage.registry.parkedJobs(stage.revoked.tenantId);
  return { moments: { startedMs, pressedMs, heard }, parkedJobs };
}

/** Watches the tenant's record until it is revoked, `untilMs` at the latest. */
async function hear(
  { registry, revoked }: Stage,
  untilMs: number,
  signal: AbortSignal,
): Promise<Moments['heard']> {
  while (Date.now() < untilMs && !signal.aborted) {
    const { status, signal: last } = await registry.tenant(revoked.tenantId);
    if (status === 'revoked') return { atMs: Date.now(), signal: last.name };
    await delay(LOOK_MS);
  }
  return undefined;
}

async function drain({ stage, loads, options, signal }: Run): Promise<number | undefined> {
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal, AbortSignal.timeout(DRAIN_PATIENCE_MS)]);
  const stepping = options.chaos ? step(stage, until) : undefined;
  try {
    await drained({ ...stage, uploads: allUploads(loads) }, until);
    return Date.now();
  } catch (error) {
    signal.throwIfAborted();
    if (!until.aborted) throw error;
    return undefined;
  } finally {
    done.abort();
    await stepping;
  }
}

/** Pushes the local clock on, again and again: redeliveries come in seconds, not in minutes. */
async function step({ local }: Stage, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(STEP_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await local.tell('POST', 'clock', { advanceMs: STEP_MS });
  }
}

function allUploads({ seeds, revoked, other }: Loads): Load['uploads'] {
  return [...seeds, ...revoked.uploads, ...other.uploads];
}

function workOf({ tenantId, uploads, restoredMs, failures }: Load, seals: Seals): TenantWork {
  return { tenantId, uploads: uploads.length, sealedMs: seals.times(tenantId), restoredMs, failures };
}
