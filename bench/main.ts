/** `npm run bench`: the claims about speed, memory and cost, measured on this machine in one run. */
import { Command, Argument } from 'commander';
import { benchEnvelope } from './envelope.ts';
import { benchMemory } from './memory.ts';
import { benchPipeline } from './pipeline.ts';
import { benchPlan } from './plan.ts';
import { describe, type Figure, isReached } from './report.ts';

const BENCHES = {
  envelope: benchEnvelope,
  plan: benchPlan,
  memory: benchMemory,
  pipeline: benchPipeline,
} as const;
type Bench = keyof typeof BENCHES;
const NAMES = Object.keys(BENCHES) as Bench[];

const program = new Command('npm run bench --')
  .description(
    'Measures the envelope, the plan of the largest object, memory, and the pipeline. Exits 1 if a figure is not reached.',
  )
  .addArgument(new Argument('[BENCH...]', 'which (default: all)').choices(NAMES))
  .option('--json', 'print one JSON document on standard output and nothing else')
  .parse();
const { json = false } = program.opts<{ json?: boolean }>();
const chosen = program.args.length > 0 ? (program.args as Bench[]) : NAMES;

const results: Partial<Record<Bench, readonly Figure[]>> = {};
for (const name of chosen) {
  if (!json) console.error(`${name} …`);
  const figures = await BENCHES[name]();
  results[name] = figures;
  if (!json) console.log(describe(name, figures));
}
if (json) console.log(JSON.stringify(results));
const missed = Object.values(results)
  .flat()
  .filter((figure) => !isReached(figure));
process.exitCode = missed.length === 0 ? 0 : 1;
