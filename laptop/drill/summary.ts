/** Several drills as one document: the worst of each figure. */
import type { LastUse } from './key-use.ts';
import type { DrillReport } from './report.ts';

/** The worst of all, and each; of a single drill, its report as it is. */
export type Summary = DrillReport & { readonly runs?: readonly DrillReport[] };

const NO_USE: LastUse = { encrypt: 0, restore: 0 };

/** Precondition: at least one report, all of the same drill. */
export function summarise(reports: readonly DrillReport[]): Summary {
  const [first, ...more] = reports;
  if (first === undefined) throw new TypeError('no drill to summarise');
  if (more.length === 0) return first;
  const worst = (figure: (report: DrillReport) => number): number => Math.max(...reports.map(figure));
  const worstUse = (use: (report: DrillReport) => LastUse): LastUse => ({
    encrypt: worst((report) => use(report).encrypt),
    restore: worst((report) => use(report).restore),
  });
  const unparked = reports.map(({ unparkedAfterEnableMs }) => unparkedAfterEnableMs);
  return {
    ...first,
    lastUseAfterDisableMs: worstUse((report) => report.lastUseAfterDisableMs),
    boundMs: worst((report) => report.boundMs),
    heardAfterDisableMs: reports.some(({ heardAfterDisableMs }) => heardAfterDisableMs === null)
      ? null
      : worst((report) => report.heardAfterDisableMs ?? 0),
    lastUseAfterHeardMs: reports.some(({ lastUseAfterHeardMs }) => lastUseAfterHeardMs === null)
      ? null
      : worstUse((report) => report.lastUseAfterHeardMs ?? NO_USE),
    otherTenantThroughputRatio: Math.min(...reports.map((report) => report.otherTenantThroughputRatio)),
    lost: worst((report) => report.lost),
    duplicatesVisible: worst((report) => report.duplicatesVisible),
    unparkedAfterEnableMs: unparked.includes(null)
      ? null
      : worst((report) => report.unparkedAfterEnableMs ?? 0),
    ok: reports.every(({ ok }) => ok),
    broken: reports.flatMap(({ broken }) => broken),
    runs: reports,
  };
}
