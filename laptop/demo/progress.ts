/** Progress bars, one per object; on standard error, so that `--json` has standard output to itself. */
import { MultiBar, Presets } from 'cli-progress';

export interface ObjectProgress {
  uploading(bytes: number): void;
  sealing(chunks: number): void;
  restoring(): void;
  done(): void;
}

export interface Progress {
  object(label: string, bytes: number, chunks: number): ObjectProgress;
  stop(): void;
}

const SILENT: ObjectProgress = { uploading() {}, sealing() {}, restoring() {}, done() {} };

/** Bars on a terminal; nothing elsewhere. */
export function progress(): Progress {
  if (!process.stderr.isTTY) return { object: () => SILENT, stop() {} };
  const format = '{label} |{bar}| {percentage}% {step}';
  const bars = new MultiBar(
    { format, hideCursor: true, linewrap: false, stream: process.stderr },
    Presets.shades_classic,
  );
  return {
    // A third each: uploaded, encrypted, restored.
    object(label, bytes, chunks) {
      const bar = bars.create(300, 0, { label: label.padEnd(40).slice(0, 40), step: 'uploading' });
      return {
        uploading: (uploaded) =>
          bar.update(Math.floor((100 * uploaded) / Math.max(bytes, 1)), { step: 'uploading' }),
        sealing: (written) => bar.update(100 + Math.floor((100 * written) / chunks), { step: 'encrypting' }),
        restoring: () => bar.update(200, { step: 'sealed, restoring' }),
        done: () => bar.update(300, { step: 'restored' }),
      };
    },
    stop: () => bars.stop(),
  };
}
