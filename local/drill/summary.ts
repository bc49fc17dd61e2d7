/** Several drills as one document: the worst of each figure. */
import type { DrillReport } from './report.ts';

/** The worst of all, and each; of a single drill, its report as it is. */
export type Summary = DrillReport & { readonly runs?: readonly DrillReport[] };

/** Precondition: at least one report, all of the same drill. */
export function summarise(reports: readonly DrillReport[]): Summary {
  const [first, ...more] = reports;
  if (first === undefined) throw new TypeError('no drill to summarise');
  if (more.length === 0) return first;
  const worst = (figure: (report: DrillReport) => number): number => Math.max(...reports.map(figure));
  const unparked = reports.map(({ unparkedAfterEnableMs }) => unparkedAfterEnableMs);
  return {
    ...first,
    lastUseAfterDisableMs: {
      encrypt: worst((report) => report.lastUseAfterDisableMs.encrypt),
      restore: worst((report) => report.lastUseAfterDisableMs.restore),
    },
    otherTenantThroughputRatio: Math.min(...reports.map((report) => report.otherTenantThroughputRatio)),
    lost: worst((report) => report.lost),
    duplicatesVisible: worst((report) => report.duplicatesVisible),
    unparkedAfterEnableMs: unparked.includes(null)
      ? null
      : worst((report) => report.unparkedAfterEnableMs ?? 0),
    ok: reports.every(({ ok }) => ok),
    runs: reports,
  };
}
