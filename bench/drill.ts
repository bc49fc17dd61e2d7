/**
 * The red button, pressed again and again: with its event delivered, lost, KMS late, and in chaos. The worst counts,
 * except for throughput, where the machine's own noise is larger than what one drill could show.
 */
import { AFTER_HEARD_MS } from '../laptop/drill/bound.ts';
import { median } from '../laptop/drill/median.ts';
import type { DrillOptions } from '../laptop/drill/options.ts';
import { type DrillReport, reportOf } from '../laptop/drill/report.ts';
import { runDrill } from '../laptop/drill/run.ts';
import { summarise, type Summary } from '../laptop/drill/summary.ts';
import type { Figure } from './report.ts';

const OPTIONS: DrillOptions = {
  sandboxes: 8,
  seconds: 12,
  maxKeyAgeSeconds: 5,
  propagationSeconds: 0,
  loseEvents: false,
  chaos: false,
  round: 0,
};
const ROUNDS = 10;
/** The number of rounds of each other kind. */
const FEWER_ROUNDS = 3;
const LATE_SECONDS = 60;

export async function benchDrill(): Promise<readonly Figure[]> {
  const delivered = await drills(OPTIONS, ROUNDS);
  const lost = { ...OPTIONS, loseEvents: true };
  const late = { ...OPTIONS, propagationSeconds: LATE_SECONDS };
  const inChaos = await drills({ ...OPTIONS, chaos: true }, FEWER_ROUNDS);
  return [
    lastUseOf(`red button, worst of ${ROUNDS}: last use`, delivered),
    lastUseOf('red button, event lost: last use', await drills(lost, FEWER_ROUNDS)),
    lastUseOf(`red button, KMS ${LATE_SECONDS} s late: last use`, await drills(late, FEWER_ROUNDS)),
    {
      name: `red button, median of ${ROUNDS}: throughput of the other tenant`,
      value: median((delivered.runs ?? []).map((run) => run.otherTenantThroughputRatio)),
      unit: 'of before',
      reach: { atLeast: 0.95 },
    },
    {
      name: `red button in chaos, worst of ${FEWER_ROUNDS}: last use after the event`,
      value: lastUseAfterHeard(inChaos),
      unit: 'ms',
      reach: { atMost: AFTER_HEARD_MS },
    },
    {
      name: 'red button in chaos: lost, half-written or stored twice',
      value: inChaos.lost + inChaos.duplicatesVisible,
      unit: 'objects',
      reach: { atMost: 0 },
    },
  ];
}

async function drills(options: DrillOptions, rounds: number): Promise<Summary> {
  const reports: DrillReport[] = [];
  const { signal } = new AbortController();
  for (let round = 0; round < rounds; round += 1)
    reports.push(reportOf(await runDrill({ ...options, round }, () => undefined, signal)));
  return summarise(reports);
}

function lastUseAfterHeard({ lastUseAfterHeardMs }: DrillReport): number {
  const { encrypt, restore } = lastUseAfterHeardMs ?? { encrypt: Infinity, restore: Infinity };
  return Math.max(encrypt, restore);
}

function lastUseOf(name: string, { lastUseAfterDisableMs, boundMs }: DrillReport): Figure {
  const { encrypt, restore } = lastUseAfterDisableMs;
  return { name, value: Math.max(encrypt, restore), unit: 'ms', reach: { atMost: boundMs } };
}
