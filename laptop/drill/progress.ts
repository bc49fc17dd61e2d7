/** The progress of a drill on standard error; standard output belongs to `--json`. */
import { Presets, SingleBar } from 'cli-progress';

export interface DrillProgress {
  step(what: string): void;
  stop(): void;
}

const STEPS = 6;

/** A bar on a terminal; nothing elsewhere. */
export function drillProgress(title: string): DrillProgress {
  if (!process.stderr.isTTY) return { step() {}, stop() {} };
  const bar = new SingleBar(
    {
      format: '{title} |{bar}| {duration_formatted} {what}',
      barsize: 24,
      hideCursor: true,
      linewrap: false,
      stream: process.stderr,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  bar.start(STEPS, 0, { title, what: '' });
  return { step: (what) => bar.increment(1, { what }), stop: () => bar.stop() };
}
