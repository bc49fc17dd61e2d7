/**
 * Brings a stage under load: objects to restore, a load for each tenant, and every sandbox at work. `revoke` is woken
 * by an event that says nothing, as provisioned concurrency would keep it: the drill measures revocation, and not how
 * long an overloaded laptop takes to start a process.
 */
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { functionName } from '../names.ts';
import type { Uploaded } from '../client.ts';
import { type Load, startLoad, uploadOne } from './load.ts';
import type { DrillOptions } from './options.ts';
import type { Holder, Stage } from './stage.ts';

export interface Loads {
  /** Uploaded before the loads, and restored by them. */
  readonly seeds: readonly Uploaded[];
  readonly revoked: Load;
  readonly other: Load;
}

const SEEDS = 8;
const SEED_PATIENCE_MS = 60_000;
const WARM_UP_MS = 30_000;
const LOOK_MS = 100;
/**
 * What a killed sandbox had taken is hidden for the queue's visibility timeout, longer than a drill lasts: a loop that
 * waited for it would do nothing any more, and soon every loop would.
 */
const PATIENCE_IN_CHAOS_MS = 2_000;

const sandboxesSchema = z.array(z.object({ function: z.string(), invocations: z.number() }));

interface WarmUpOptions extends Pick<DrillOptions, 'sandboxes' | 'chaos'> {
  readonly signal: AbortSignal;
}

/** Resolves when the stage is under load. `opened` stops the loads if nobody else does. */
export async function warmUp(
  stage: Stage,
  { sandboxes, chaos, signal }: WarmUpOptions,
  opened: AsyncDisposableStack,
): Promise<Loads> {
  const sealing = AbortSignal.any([signal, AbortSignal.timeout(SEED_PATIENCE_MS)]);
  const seeded = async ({ tenantId }: Holder): Promise<readonly Uploaded[]> =>
    await seed(stage, tenantId, sealing);
  await stage.revoked.button.touch();
  const [sealed, othersSealed] = await Promise.all([seeded(stage.revoked), seeded(stage.other)]);
  // As many loops in all as there are sandboxes: each has work, and none a queue that hides how fast it is. In chaos
  // half as many, for sandboxes that start anew take as much of the machine as the work does.
  const loops = Math.max(1, Math.floor(sandboxes / (chaos ? 4 : 2)));
  const load = ({ tenantId }: Holder, objects: readonly Uploaded[]): Load => {
    const patienceMs = chaos ? PATIENCE_IN_CHAOS_MS : undefined;
    const started = startLoad(tenantId, { ...stage, loops, sealed: objects, patienceMs });
    opened.defer(async () => await started.stop().catch(() => undefined));
    return started;
  };
  const loads = { revoked: load(stage.revoked, sealed), other: load(stage.other, othersSealed) };
  await everySandboxWarm(stage, sandboxes, signal);
  return { seeds: [...sealed, ...othersSealed], ...loads };
}

async function seed({ client }: Stage, tenantId: string, signal: AbortSignal): Promise<readonly Uploaded[]> {
  const uploads = await Promise.all(
    Array.from({ length: SEEDS }, async (_, index) => await uploadOne(client, tenantId, `seed/${index}`)),
  );
  for (const uploaded of uploads) await client.sealed(uploaded, signal);
  return uploads;
}

/** Gives up waiting after a while: a load may leave a sandbox to the others, as Lambda does. */
async function everySandboxWarm({ local }: Stage, sandboxes: number, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + WARM_UP_MS;
  while (performance.now() < giveUpAt) {
    const living = await local.ask('sandboxes', sandboxesSchema);
    const warm = (name: string): number =>
      living.filter((sandbox) => sandbox.function === functionName(name) && sandbox.invocations > 2).length;
    if (warm('encrypt') >= sandboxes && warm('restore') >= sandboxes) return;
    await delay(LOOK_MS, undefined, { signal });
  }
}
