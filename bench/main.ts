/** `npm run bench`: the claims about speed, memory and cost, measured on this machine in one run. */
import { Command, Argument } from 'commander';
import { benchColdStart } from './cold-start.ts';
import { benchCost } from './cost/cost.ts';
import { benchDrill } from './drill.ts';
import { benchEnvelope } from './envelope.ts';
import { benchKeys } from './keys.ts';
import { benchMemory } from './memory.ts';
import { benchNeighbours } from './neighbours.ts';
import { benchPipeline } from './pipeline.ts';
import { benchPlan } from './plan.ts';
import { benchRange } from './range.ts';
import { benchUnpark } from './unpark.ts';
import { describe, type Figure, type Findings, isReached, markdownTable } from './report.ts';

type Bench = () => Promise<readonly Figure[] | Findings>;

const BENCHES: Readonly<Record<string, Bench>> = {
  envelope: benchEnvelope,
  range: benchRange,
  plan: benchPlan,
  unpark: benchUnpark,
  memory: benchMemory,
  pipeline: benchPipeline,
  cost: benchCost,
  'cold-start': benchColdStart,
  keys: benchKeys,
  neighbours: benchNeighbours,
  drill: benchDrill,
};

const program = new Command('npm run bench --')
  .description(
    'Measures the envelope, ranged reads, the plan of the largest object, unparking, memory, the pipeline, what an object costs, cold starts, the key modes, noisy neighbours, and the red button. Exits 1 if a figure is not reached.',
  )
  .addArgument(new Argument('[BENCH...]', 'which (default: all)').choices(Object.keys(BENCHES)))
  .option('--json', 'print one JSON document on standard output and nothing else')
  .parse();
const { json = false } = program.opts<{ json?: boolean }>();
const chosen = Object.entries(BENCHES).filter(
  ([name]) => program.args.length === 0 || program.args.includes(name),
);

const results: Record<string, readonly Figure[] | Findings> = {};
const all: Figure[] = [];
for (const [name, bench] of chosen) {
  if (!json) console.error(`${name} …`);
  const found = await bench();
  results[name] = found;
  const { figures, rows } = 'figures' in found ? found : { figures: found, rows: [] };
  all.push(...figures);
  if (json) continue;
  console.log(describe(name, figures));
  if (rows.length > 0) console.log(markdownTable(rows));
}
if (json) console.log(JSON.stringify(results));
process.exitCode = all.every(isReached) ? 0 : 1;
