/** A drill as the document that `--json` prints. */
import { boundMs, heardMs } from './bound.ts';
import { afterButtonMs, afterHeardMs, brokenOf } from './checks.ts';
import type { LastUse } from './key-use.ts';
import { neighbourOf } from './neighbour.ts';
import type { Drill } from './drill.ts';

export interface DrillReport {
  readonly lastUseAfterDisableMs: LastUse;
  /** The limit that they must not exceed. In chaos: a second after the event's delivery, or the age limit. */
  readonly boundMs: number;
  /** The time from the button to the delivery of the event or to the change of the record; null when neither came. */
  readonly heardAfterDisableMs: number | null;
  readonly lastUseAfterHeardMs: LastUse | null;
  readonly eventsDelivered: boolean;
  /** The smaller of the ratios of sealing and of restoring. */
  readonly otherTenantThroughputRatio: number;
  /** Uploads that did not come back byte for byte, and destinations that showed half an object. */
  readonly lost: number;
  readonly duplicatesVisible: number;
  /** Until everything was sealed and nothing parked; null when that was waited for in vain. */
  readonly unparkedAfterEnableMs: number | null;
  readonly ok: boolean;
  /** The broken promises, in words. */
  readonly broken: readonly string[];
}

export function reportOf(drill: Drill): DrillReport {
  const { options, moments, remains } = drill;
  const { drainedMs, enabledMs, pressedMs } = moments;
  const heardAtMs = heardMs(moments);
  const broken = brokenOf(drill);
  return {
    lastUseAfterDisableMs: afterButtonMs(drill),
    boundMs: boundMs(drill),
    heardAfterDisableMs: heardAtMs === undefined ? null : Math.round(heardAtMs - pressedMs),
    lastUseAfterHeardMs: afterHeardMs(drill) ?? null,
    eventsDelivered: !options.loseEvents,
    otherTenantThroughputRatio: Math.round(100 * neighbourOf(drill).ratio) / 100,
    lost: remains.lost + remains.halfWritten,
    duplicatesVisible: remains.duplicates,
    unparkedAfterEnableMs: drainedMs === undefined ? null : drainedMs - enabledMs,
    ok: broken.length === 0,
    broken,
  };
}
