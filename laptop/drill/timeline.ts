/** A drill for a person to read: what happened when, relative to the button, and what was promised. */
import Table from 'cli-table3';
import { boundMs } from './bound.ts';
import { afterButtonMs, brokenOf, type Check, checksOf } from './checks.ts';
import { neighbourOf } from './neighbour.ts';
import type { Drill } from './drill.ts';

/** Something that happened, `atMs` after the button (negative: before). */
export interface TimelineEntry {
  readonly atMs: number;
  readonly what: string;
}

export function timelineOf(drill: Drill): readonly TimelineEntry[] {
  const { options, moments, revoked, parkedJobs } = drill;
  const since = (ms: number): number => ms - moments.pressedMs;
  const last = afterButtonMs(drill);
  const { deliveredMs, heard, drainedMs } = moments;
  const entries: (TimelineEntry | false)[] = [
    { atMs: since(moments.startedMs), what: `steady load, ${options.sandboxes} sandboxes of each function` },
    { atMs: 0, what: `${revoked.tenantId} disables its key${circumstances(drill)}` },
    deliveredMs !== undefined && { atMs: since(deliveredMs), what: 'the event is delivered' },
    heard !== undefined && { atMs: since(heard.atMs), what: `revoked in the state table: ${heard.signal}` },
    last.encrypt > 0 && { atMs: last.encrypt, what: 'last encryption with the key' },
    last.restore > 0 && { atMs: last.restore, what: 'last restore with the key' },
    { atMs: boundMs(drill), what: 'the bound' },
    {
      atMs: since(moments.enabledMs),
      what: `${revoked.tenantId} enables its key; ${parkedJobs} jobs are parked`,
    },
    drainedMs !== undefined && { atMs: since(drainedMs), what: 'everything sealed, nothing parked' },
  ];
  return entries.filter((entry) => entry !== false).sort((one, other) => one.atMs - other.atMs);
}

export function describe(drill: Drill): string {
  const { sealed, restored } = neighbourOf(drill);
  const { tenantId } = drill.other;
  return [
    '',
    ...timelineOf(drill).map(({ atMs, what }) => `${seconds(atMs).padStart(10)}  ${what}`),
    '',
    `${tenantId} sealed ${sealed.before.toFixed(1)} objects/s before and ${sealed.after.toFixed(1)} after, ` +
      `restored ${restored.before.toFixed(1)} and ${restored.after.toFixed(1)}.`,
    `${drill.revoked.uploads + drill.other.uploads} objects uploaded, all restored and compared.`,
    '',
    checkTable(checksOf(drill)),
    verdictOf(drill),
  ].join('\n');
}

/** Names what is broken. */
function verdictOf(drill: Drill): string {
  const broken = brokenOf(drill);
  return broken.length === 0 ? 'Every bound held.' : broken.map((line) => `BROKEN: ${line}`).join('\n');
}

/** `+0.214 s` */
export function seconds(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${Math.abs(ms / 1000).toFixed(3)} s`;
}

function circumstances({ options }: Drill): string {
  const { loseEvents, propagationSeconds, chaos } = options;
  const parts = [
    loseEvents && 'the event is lost',
    propagationSeconds > 0 && `KMS says yes for ${propagationSeconds} s more`,
    chaos && 'sandboxes die, events are disturbed and forged',
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

function checkTable(checks: readonly Check[]): string {
  const table = new Table({
    head: ['promise', 'found', 'bound', ''],
    colAligns: ['left', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { what, found, promised, held } of checks)
    table.push([what, found, promised, held ? 'held' : 'BROKEN']);
  return table.toString();
}
