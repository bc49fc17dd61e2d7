/**
 * The time from the start of a process until the handler of a function is ready, less that of an empty module: what
 * loading the bundle adds to a cold start. It is measured a second time with code that V8 compiled before, which Lambda
 * does not keep: the difference is compilation.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { REGION } from '../laptop/names.ts';
import { packageStack } from '../local/stack/package.ts';
import type { Template } from '../local/stack/template/template.ts';
import { type Candidate, medians } from './measure.ts';
import type { Figure } from './report.ts';

const ROUNDS = 9;
const WARM_UPS = 1;
const MOST_MS = 250;
const MOST_MB = 1.5;
/** Loads the module that the argument names, as Lambda's runtime does, and ends. */
const LOAD = 'require(process.argv[1]); process.exit()';
const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** A function as the template of the stage `local` describes it: every variable is a literal there. */
const functionSchema = z.object({
  Handler: z.string(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
});

interface Bundle {
  /** `encrypt` */
  readonly name: string;
  readonly file: string;
  readonly variables: Readonly<Record<string, string>>;
}

export async function benchColdStart(): Promise<readonly Figure[]> {
  const { template, codeFolder } = await packageStack({ projectFolder: PROJECT, region: REGION });
  const bundles = bundlesOf(template, codeFolder);
  const folder = await mkdtemp(path.join(tmpdir(), 'sealstream-cold-start-'));
  try {
    const nothing = path.join(folder, 'empty.cjs');
    await writeFile(nothing, '');
    const empty = { name: 'an empty module', file: nothing, variables: {} };
    const cache = { NODE_COMPILE_CACHE: path.join(folder, 'compiled') };
    return await figuresOf(bundles, await startsOf([empty, ...bundles], [{}, cache]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function bundlesOf({ Resources }: Template, codeFolder: string): readonly Bundle[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => {
      const { Handler, Environment } = functionSchema.parse(Properties);
      const file = path.join(codeFolder, Handler.replace(/\.handler$/u, '.cjs'));
      return { name: path.basename(file, '.cjs'), file, variables: Environment.Variables };
    });
}

/**
 * Returns the median milliseconds of each bundle, less those of the first, for each set of variables. All take turns, so
 * that whatever else the machine does meanwhile slows all of them.
 */
async function startsOf(
  bundles: readonly Bundle[],
  variables: readonly Readonly<Record<string, string>>[],
): Promise<readonly (readonly number[])[]> {
  const starts = variables.flatMap((more) =>
    bundles.map(
      (bundle): Candidate =>
        async () =>
          await start(bundle, more),
    ),
  );
  const times = await medians(starts, ROUNDS, WARM_UPS);
  return variables.map((_, index) => {
    const [base = 0, ...ours] = times.slice(index * bundles.length, (index + 1) * bundles.length);
    return ours.map((elapsedMs) => elapsedMs - base);
  });
}

async function start(bundle: Bundle, variables: Readonly<Record<string, string>>): Promise<void> {
  const env = { AWS_REGION: REGION, ...bundle.variables, ...variables };
  await promisify(execFile)(process.execPath, ['--eval', LOAD, bundle.file], { env });
}

async function figuresOf(
  bundles: readonly Bundle[],
  [cold = [], compiled = []]: readonly (readonly number[])[],
): Promise<readonly Figure[]> {
  const figures: Figure[][] = [];
  for (const [index, { name, file }] of bundles.entries())
    figures.push([
      { name: `${name}: cold start`, value: cold[index] ?? NaN, unit: 'ms', reach: { atMost: MOST_MS } },
      { name: `${name}: the same, compiled before`, value: compiled[index] ?? NaN, unit: 'ms' },
      {
        name: `${name}: bundle`,
        value: (await stat(file)).size / 1e6,
        unit: 'MB',
        reach: { atMost: MOST_MB },
      },
    ]);
  return figures.flat();
}
