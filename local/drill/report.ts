/** What a drill is judged by, and the document that `--json` prints. */
import { lastUse, type LastUse } from './key-use.ts';
import { boundMs } from './options.ts';
import type { Drill } from './run.ts';
import { type Throughput, throughput } from './throughput.ts';

export interface DrillReport {
  readonly lastUseAfterDisableMs: LastUse;
  readonly boundMs: number;
  readonly eventsDelivered: boolean;
  /** The smaller of the ratios of sealing and of restoring. */
  readonly otherTenantThroughputRatio: number;
  /** Uploads that did not come back byte for byte, and destinations that showed half an object. */
  readonly lost: number;
  readonly duplicatesVisible: number;
  /** Until everything was sealed and nothing parked; null when that was waited for in vain. */
  readonly unparkedAfterEnableMs: number | null;
  readonly ok: boolean;
}

/** One thing that was promised, and what was found. */
export interface Check {
  readonly what: string;
  readonly found: string;
  readonly promised: string;
  /** Undefined where this drill cannot tell. */
  readonly held: boolean | undefined;
}

const LEAST_RATIO = 0.95;
/** Less work than this before the button is too little to compare with. */
const LEAST_WORK = 50;

/** What the other tenant got done, in equal times before and after the button. */
export function otherThroughput({
  options,
  moments,
  other,
}: Drill): Record<'sealed' | 'restored', Throughput> {
  const windowMs = (options.seconds * 1000) / 3;
  return {
    sealed: throughput(other.sealedMs, moments.pressedMs, windowMs),
    restored: throughput(other.restoredMs, moments.pressedMs, windowMs),
  };
}

export function reportOf(drill: Drill): DrillReport {
  const { options, moments, remains } = drill;
  const { sealed, restored } = otherThroughput(drill);
  const { drainedMs, enabledMs } = moments;
  return {
    lastUseAfterDisableMs: lastUse(drill.uses, drill.revoked.tenantId, moments),
    boundMs: boundMs(options),
    eventsDelivered: !options.loseEvents,
    otherTenantThroughputRatio: Math.round(100 * Math.min(sealed.ratio, restored.ratio)) / 100,
    lost: remains.lost + remains.halfWritten,
    duplicatesVisible: remains.duplicates,
    unparkedAfterEnableMs: drainedMs === undefined ? null : drainedMs - enabledMs,
    ok: checksOf(drill).every(({ held }) => held !== false),
  };
}

export function checksOf(drill: Drill): readonly Check[] {
  return [usedBefore(drill), ...lastUses(drill), ratio(drill), unaffected(drill), ...remaining(drill)];
}

/** Where no key was cached, none was taken away. */
function usedBefore({ uses, revoked, moments }: Drill): Check {
  const sandboxes = new Set(
    uses
      .filter(({ tenantId, startedMs }) => tenantId === revoked.tenantId && startedMs < moments.pressedMs)
      .map(({ sandbox }) => sandbox),
  );
  return {
    what: `sandboxes that had used ${revoked.tenantId}'s key`,
    found: String(sandboxes.size),
    promised: '≥ 1',
    held: sandboxes.size > 0,
  };
}

function lastUses({ options, moments, uses, revoked }: Drill): readonly Check[] {
  const last = lastUse(uses, revoked.tenantId, moments);
  const bound = boundMs(options);
  return (['encrypt', 'restore'] as const).map((operation) => ({
    what: `last ${operation} with ${revoked.tenantId}'s key after the button`,
    found: `${last[operation]} ms`,
    promised: `≤ ${bound} ms`,
    held: last[operation] <= bound,
  }));
}

/** Killed sandboxes slow everyone down, and a short drill does too little: then the ratio is told, not judged. */
function ratio(drill: Drill): Check {
  const { sealed, restored } = otherThroughput(drill);
  const least = Math.min(sealed.ratio, restored.ratio);
  const enough = Math.min(sealed.doneBefore, restored.doneBefore) >= LEAST_WORK;
  return {
    what: `${drill.other.tenantId}'s throughput, after / before`,
    found: least.toFixed(2),
    promised: `≥ ${LEAST_RATIO}`,
    held: enough && !drill.options.chaos ? least >= LEAST_RATIO : undefined,
  };
}

function unaffected({ options, other }: Drill): Check {
  const failures = [...other.failures.values()].reduce((sum, count) => sum + count, 0);
  return {
    what: `${other.tenantId}'s failed restores`,
    found: String(failures),
    promised: '0',
    held: options.chaos ? undefined : failures === 0,
  };
}

function remaining({ options, remains, moments }: Drill): readonly Check[] {
  const drained = moments.drainedMs !== undefined;
  const unfinished = none('multipart uploads left at destinations', remains.unfinished);
  return [
    { what: 'backlog drained', found: drained ? 'yes' : 'no', promised: 'yes', held: drained },
    none('objects lost', remains.lost),
    none('objects visible half-written', remains.halfWritten),
    none('objects stored twice', remains.duplicates),
    // A killed sandbox cannot end its upload; the bucket's lifecycle does.
    options.chaos ? { ...unfinished, held: undefined } : unfinished,
  ];
}

function none(what: string, count: number): Check {
  return { what, found: String(count), promised: '0', held: count === 0 };
}
