/** Runs the programs over one vault, and the product over what they write. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ISV_ACCOUNT, KEY_STORE_TABLE, REGION } from '../../laptop/names.ts';
import { chunkContext } from '../../shared/object/context.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { forgedVariants } from './forged.ts';
import type { CommandLine } from './languages.ts';
import { openWithProduct } from './product.ts';
import type { Tally } from './tally.ts';
import { type Answer, answersOf, type OpenTask, type Reach } from './tasks.ts';
import type { Trial } from './trial.ts';
import { CHUNK_BYTES, CHUNK_COUNT, CHUNKED, ENVIRONMENT, fillVault, type TenantVault } from './vault.ts';
import { messagesToWrite } from './written.ts';

/** The program of one language. */
export interface Program {
  readonly name: string;
  readonly commandLine: CommandLine;
  readonly writes: boolean;
}

/** Counts what is right, and has a folder for files. */
interface Bench {
  readonly tally: Tally;
  readonly folder: string;
}

/** A message to open, and the tenant under whose key it is. */
interface Opening extends Trial {
  readonly task: OpenTask;
  readonly vault: TenantVault;
}

export async function judge(programs: readonly Program[], { tally, folder }: Bench): Promise<void> {
  await using pipeline = await startPipeline({ environment: ENVIRONMENT });
  const reach = reachOf(pipeline);
  const vaults = await fillVault(pipeline, folder);
  const reads = Object.values(vaults).flatMap((vault) => vault.reads);
  const forged = await forgedMessages(vaults.acme, folder);
  tally.judge('the product, forged', forged, await askProduct(pipeline, forged));
  for (const { name, commandLine, writes } of programs) {
    const examine = async (kind: string, trials: readonly Trial[]): Promise<void> => {
      const tasks = trials.map(({ task }) => task);
      const answers = await answersOf(commandLine, { reach, tasks, folder });
      tally.judge(
        `${name}, ${kind}`,
        trials,
        tasks.map(({ id }) => answers.get(id)),
      );
    };
    await examine('objects', reads);
    await examine('forged', forged);
    if (!writes) continue;
    const messages = await messagesToWrite(vaults, folder);
    await examine(
      'writes',
      messages.map(({ write }) => write),
    );
    const openings = messages.map(({ open, vault }) => ({ ...open, vault }));
    await examine('reads what it wrote', openings);
    tally.judge(`the product, written in ${name}`, openings, await askProduct(pipeline, openings));
  }
}

function reachOf({ local: { endpoint } }: Pipeline): Reach {
  return { endpoint, keyStore: { table: KEY_STORE_TABLE, accountId: ISV_ACCOUNT, region: REGION } };
}

async function askProduct(pipeline: Pipeline, openings: readonly Opening[]): Promise<readonly Answer[]> {
  return await Promise.all(
    openings.map(async ({ task, vault }) => await openWithProduct(pipeline, vault, task)),
  );
}

/** Forges the first chunk of a tenant's object in every way. The chunk itself must open, under its own context. */
async function forgedMessages(vault: TenantVault, folder: string): Promise<readonly Opening[]> {
  const { tenant, key, chunks, objectIds } = vault;
  const objectId = objectIds.get(CHUNKED);
  if (objectId === undefined) throw new Error('nothing to forge');
  const [message, other] = await Promise.all(
    ['0000000000', '0000000001'].map(async (index) => await readFile(join(chunks, objectId, index))),
  );
  if (message === undefined || other === undefined) throw new Error('nothing to forge');
  const variants = Object.entries(forgedVariants({ message, bytes: CHUNK_BYTES, other }));
  const context = chunkContext({ tenantId: tenant.tenantId, objectId, chunkCount: CHUNK_COUNT }, 0);
  const openings = variants.map(async ([id, variant], at) => {
    const file = join(folder, `forged-${at}`);
    await writeFile(file, variant);
    return { vault, task: { task: 'open' as const, id, key, context, message: file } };
  });
  const misplaced = { task: 'open' as const, id: 'a chunk in the place of another', key, context };
  return [
    ...(await Promise.all(openings)),
    { vault, task: { ...misplaced, message: join(chunks, objectId, '0000000001') } },
  ];
}
