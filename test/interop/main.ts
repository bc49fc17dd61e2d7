/**
 * `npm run test:interop`: the stock AWS Encryption SDKs of other languages open what the pipeline leaves in the vault,
 * as shared/FORMAT.md says and without the product's code. The product opens what they write, and nobody opens what is
 * forged. Exits 1 if anything is not so.
 */
import { Argument, Command, Option } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge, type Program } from './judge.ts';
import { LANGUAGES, programOf, Unavailable } from './languages.ts';
import { Tally } from './tally.ts';

const NAMES = Object.keys(LANGUAGES);
const command = new Command('npm run test:interop --')
  .description(
    'Opens what the pipeline leaves in the vault with the stock Encryption SDKs of other languages.',
  )
  .addArgument(new Argument('[LANGUAGE...]', 'which (default: all)').choices(NAMES))
  .addOption(new Option('--require <LANGUAGE...>', 'what must not be skipped').choices(NAMES).default([]))
  .parse();
const { require: required } = command.opts<{ require: readonly string[] }>();
const chosen = command.args.length === 0 ? NAMES : command.args;

const tally = new Tally();
const folder = await mkdtemp(join(tmpdir(), 'sealstream-interop-'));
try {
  const programs = await makePrograms();
  if (programs.length > 0) await judge(programs, { tally, folder });
} catch (error) {
  tally.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(String(tally));
process.exitCode = tally.isClean ? 0 : 1;

/** Makes the programs that can be made on this machine, one after the other. */
async function makePrograms(): Promise<readonly Program[]> {
  const programs: Program[] = [];
  for (const [name, language] of Object.entries(LANGUAGES)) {
    if (!chosen.includes(name)) continue;
    try {
      const { writes, ignoresFrameNumbers = false } = language;
      programs.push({ name, writes, ignoresFrameNumbers, commandLine: await programOf(language) });
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (required.includes(name)) tally.fail(`${name}: ${error.message}`);
      else tally.skip(`${name}: ${error.message}`);
    }
  }
  return programs;
}
