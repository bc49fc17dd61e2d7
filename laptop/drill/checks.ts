/** The judgement of a drill: every promise gets its verdict. */
import { AFTER_HEARD_MS, boundMs, heardMs } from './bound.ts';
import { lastUse, type LastUse } from './key-use.ts';
import { neighbourOf } from './neighbour.ts';
import type { Drill, TenantWork } from './drill.ts';

/** One thing that was promised, and what was found. */
export interface Check {
  readonly what: string;
  readonly found: string;
  readonly promised: string;
  readonly held: boolean;
}

const OPERATIONS = ['encrypt', 'restore'] as const;
/** The error type that Lambda answers for a sandbox that died. */
const DIED = 'Runtime.ExitError';

export function checksOf(drill: Drill): readonly Check[] {
  return [
    usedBefore(drill),
    ...afterButton(drill),
    ...afterHeard(drill),
    throughputOf(drill),
    unaffected(drill),
    ...remaining(drill),
  ];
}

/** Lists the broken promises, one line each: `last restore … after the button: 2024 ms, promised ≤ 2000 ms`. */
export function brokenOf(drill: Drill): readonly string[] {
  const broken = checksOf(drill).filter(({ held }) => !held);
  return broken.map(({ what, found, promised }) => `${what}: ${found}, promised ${promised}`);
}

export function afterButtonMs({ uses, revoked, moments }: Drill): LastUse {
  return lastUse(uses, revoked.tenantId, { ...moments, sinceMs: moments.pressedMs });
}

/** Undefined where the pipeline never heard of the button. */
export function afterHeardMs({ uses, revoked, moments }: Drill): LastUse | undefined {
  const sinceMs = heardMs(moments);
  return sinceMs === undefined ? undefined : lastUse(uses, revoked.tenantId, { ...moments, sinceMs });
}

/** Checks that a key was cached before the button: without one, nothing was taken away. */
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

function afterButton(drill: Drill): readonly Check[] {
  const last = afterButtonMs(drill);
  const { tenantId } = drill.revoked;
  return OPERATIONS.map((operation) =>
    atMost(`last ${operation} with ${tenantId}'s key after the button`, last[operation], boundMs(drill)),
  );
}

/** Checks the time after the delivery. Where events are lost, only the age limit is promised. */
function afterHeard(drill: Drill): readonly Check[] {
  if (drill.options.loseEvents) return [];
  const last = afterHeardMs(drill);
  const { tenantId } = drill.revoked;
  if (last === undefined)
    return [{ what: `${tenantId} revoked`, found: 'never', promised: 'by its event', held: false }];
  return OPERATIONS.map((operation) =>
    atMost(`last ${operation} with ${tenantId}'s key after the event`, last[operation], AFTER_HEARD_MS),
  );
}

function atMost(what: string, foundMs: number, boundOfMs: number): Check {
  return { what, found: `${foundMs} ms`, promised: `≤ ${boundOfMs} ms`, held: foundMs <= boundOfMs };
}

function throughputOf(drill: Drill): Check {
  const { ratio, leastRatio } = neighbourOf(drill);
  return {
    what: `${drill.other.tenantId}'s throughput, after / before`,
    found: ratio.toFixed(2),
    promised: leastRatio === 0 ? '> 0' : `≥ ${leastRatio}`,
    held: leastRatio === 0 ? ratio > 0 : ratio >= leastRatio,
  };
}

/** A restore whose sandbox was killed fails, and that is all that may. */
function unaffected({ options, other }: Drill): Check {
  const died = options.chaos ? deathsOf(other) : 0;
  const failed = [...other.failures.values()].reduce((sum, count) => sum + count, 0) - died;
  const what = `${other.tenantId}'s failed restores`;
  return none(options.chaos ? `${what}, but for those killed` : what, failed);
}

function remaining(drill: Drill): readonly Check[] {
  const { remains, moments } = drill;
  const drained = moments.drainedMs !== undefined;
  return [
    { what: 'backlog drained', found: drained ? 'yes' : 'no', promised: 'yes', held: drained },
    none('objects lost', remains.lost),
    none('objects visible half-written', remains.halfWritten),
    none('objects stored twice', remains.duplicates),
    unfinished(drill),
  ];
}

/** A killed sandbox cannot end its upload; the bucket's lifecycle does. */
function unfinished({ options, remains, revoked, other }: Drill): Check {
  const killed = options.chaos ? deathsOf(revoked) + deathsOf(other) : 0;
  return {
    what: 'multipart uploads left at destinations',
    found: String(remains.unfinished),
    promised: killed === 0 ? '0' : `≤ ${killed}, as many as were killed`,
    held: remains.unfinished <= killed,
  };
}

function deathsOf({ failures }: TenantWork): number {
  return failures.get(DIED) ?? 0;
}

function none(what: string, count: number): Check {
  return { what, found: String(count), promised: '0', held: count === 0 };
}
