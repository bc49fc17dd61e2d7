/** `npm run bench`: the claims about speed, memory and cost, measured on this machine in one run. */
import { Command, Argument } from 'commander';
import { benchDrill } from './drill.ts';
import { benchEnvelope } from './envelope.ts';
import { benchKeys } from './keys.ts';
import { benchMemory } from './memory.ts';
import { benchNeighbours } from './neighbours.ts';
import { benchPipeline } from './pipeline.ts';
import { benchPlan } from './plan.ts';
import { benchUnpark } from './unpark.ts';
import { describe, type Figure, isReached } from './report.ts';

const BENCHES: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  envelope: benchEnvelope,
  plan: benchPlan,
  unpark: benchUnpark,
  memory: benchMemory,
  pipeline: benchPipeline,
  keys: benchKeys,
  neighbours: benchNeighbours,
  drill: benchDrill,
};

const program = new Command('npm run bench --')
  .description(
    'Measures the envelope, the plan of the largest object, unparking, memory, the pipeline, the key modes, noisy neighbours, and the red button. Exits 1 if a figure is not reached.',
  )
  .addArgument(new Argument('[BENCH...]', 'which (default: all)').choices(Object.keys(BENCHES)))
  .option('--json', 'print one JSON document on standard output and nothing else')
  .parse();
const { json = false } = program.opts<{ json?: boolean }>();
const chosen = Object.entries(BENCHES).filter(
  ([name]) => program.args.length === 0 || program.args.includes(name),
);

const results: Record<string, readonly Figure[]> = {};
for (const [name, bench] of chosen) {
  if (!json) console.error(`${name} …`);
  const figures = await bench();
  results[name] = figures;
  if (!json) console.log(describe(name, figures));
}
if (json) console.log(JSON.stringify(results));
const missed = Object.values(results)
  .flat()
  .filter((figure) => !isReached(figure));
process.exitCode = missed.length === 0 ? 0 : 1;
