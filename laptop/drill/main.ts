/**
 * `npm run drill`: presses one tenant's red button under load and measures. Exits 1 if a promise is broken, and says
 * which.
 */
import { Command, InvalidArgumentError } from 'commander';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pageOf } from './page.ts';
import type { DrillOptions } from './options.ts';
import { drillProgress } from './progress.ts';
import { reportOf } from './report.ts';
import type { Drill } from './drill.ts';
import { runDrill } from './run.ts';
import { summarise } from './summary.ts';
import { describe } from './timeline.ts';

interface Options extends Omit<DrillOptions, 'round'> {
  readonly repeat: number;
  readonly out?: string;
  readonly json: boolean;
}

const options = new Command('npm run drill --')
  .description(
    'Two tenants under load on a local AWS; one disables its key. Measures the last use of its keys in ' +
      "every sandbox and the other's throughput, enables the key, drains the backlog, compares every object.",
  )
  .option('--sandboxes <number>', 'processes per function', positive, 8)
  .option('--seconds <number>', 'of load: a third before the button, the rest after it', positive, 30)
  .option('--lose-events', 'the event of the disabled key never arrives', false)
  .option('--propagation-seconds <number>', 'how long KMS goes on saying yes', whole, 0)
  .option('--max-key-age-seconds <number>', 'how long the tenants let a key be cached', whole, 10)
  .option('--chaos', 'sandboxes killed, events doubled, reordered and forged', false)
  .option('--repeat <number>', 'drills one after the other; every one must hold', positive, 1)
  .option('--json', 'print one JSON document on standard output and nothing else', false)
  .option('--out <file>', 'where to draw the (last) drill (default: drill.html; with --json: nowhere)')
  .parse()
  .opts<Options>();

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interrupted.abort(new Error('interrupted')));

try {
  const drills: Drill[] = [];
  for (let round = 0; round < options.repeat; round += 1) drills.push(await drillOnce(round));
  await drawLast(drills);
  const summary = summarise(drills.map(reportOf));
  if (options.json) {
    console.log(JSON.stringify(summary));
    for (const line of summary.broken) console.error(`BROKEN: ${line}`);
  }
  process.exitCode = summary.ok ? 0 : 1;
} catch (error) {
  console.error(`drill: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function drillOnce(round: number): Promise<Drill> {
  const title = options.repeat === 1 ? 'drill' : `drill ${round + 1} of ${options.repeat}`;
  const progress = drillProgress(title);
  try {
    const drill = await runDrill({ ...options, round }, (step) => progress.step(step), interrupted.signal);
    progress.stop();
    if (!options.json) console.log(describe(drill));
    return drill;
  } finally {
    progress.stop();
  }
}

async function drawLast(drills: readonly Drill[]): Promise<void> {
  const drill = drills.at(-1);
  const file = options.out ?? (options.json ? undefined : 'drill.html');
  if (drill === undefined || file === undefined) return;
  await writeFile(file, pageOf(drill));
  console.error(`Drawn in ${resolve(file)}`);
}

function whole(text: string): number {
  if (!/^\d{1,4}$/u.test(text)) throw new InvalidArgumentError('Not a whole number.');
  return Number(text);
}

function positive(text: string): number {
  if (whole(text) === 0) throw new InvalidArgumentError('Not positive.');
  return Number(text);
}
