/**
 * Until when a key may be used after the button. Promised is whichever is first: a second after the event was
 * delivered, or the age limit. Where nothing disturbs the machine, the whole way from the button has a reach of its own.
 */
import type { DrillOptions } from './options.ts';
import type { Moments } from './drill.ts';

/** From the event's delivery to the last use. */
export const AFTER_HEARD_MS = 1_000;
/** From the button to the last use, where events are delivered and nothing is disturbed. */
const REACH_MS = 2_000;
/** A use that began within the age limit may last so long. */
const USE_MS = 1_000;

/** The latest that the bound can come to, in milliseconds after the button. */
export function latestBoundMs(options: DrillOptions): number {
  return options.loseEvents || options.chaos ? ageBoundMs(options) : REACH_MS;
}

/**
 * When the pipeline heard of the button, milliseconds since 1970: `revoke` was handed the event, or the tenant's record
 * said so, if KMS's refusal of our own call was quicker. Undefined where it never did.
 */
export function heardMs({ deliveredMs, heard }: Pick<Moments, 'deliveredMs' | 'heard'>): number | undefined {
  if (deliveredMs === undefined) return heard?.atMs;
  return Math.min(deliveredMs, heard?.atMs ?? deliveredMs);
}

/** Within how many milliseconds after the button the last use of a key must lie. */
export function boundMs({ options, moments }: { options: DrillOptions; moments: Moments }): number {
  const latestMs = latestBoundMs(options);
  if (options.loseEvents || !options.chaos) return latestMs;
  const atMs = heardMs(moments) ?? Infinity;
  return Math.min(latestMs, Math.round(atMs - moments.pressedMs) + AFTER_HEARD_MS);
}

function ageBoundMs({ maxKeyAgeSeconds }: DrillOptions): number {
  return maxKeyAgeSeconds * 1000 + USE_MS;
}
