/** Runs the programs over one vault, and the product over what they write. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ISV_ACCOUNT, KEY_STORE_TABLE, REGION } from '../../laptop/names.ts';
import { chunkContext } from '../../shared/object/context.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { forgedVariants, NUMBER_FLIPPED } from './forged.ts';
import type { CommandLine } from './languages.ts';
import { openWithProduct } from './product.ts';
import type { Tally } from './tally.ts';
import { type Answer, answersOf, type OpenTask, type Reach } from './tasks.ts';
import { sha256Of, type Trial } from './trial.ts';
import { CHUNK_BYTES, CHUNK_COUNT, CHUNKED, ENVIRONMENT, fillVault, type TenantVault } from './vault.ts';
import { messagesToWrite } from './written.ts';

const UNALTERED = 'unaltered';

/** The program of one language. */
export interface Program {
  readonly name: string;
  readonly commandLine: CommandLine;
  readonly writes: boolean;
  readonly ignoresFrameNumbers: boolean;
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
  for (const { name, commandLine, writes, ignoresFrameNumbers } of programs) {
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
    await examine('forged', ignoresFrameNumbers ? withoutNumbers(forged) : forged);
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

/** Returns what the forged messages are to an SDK that ignores the numbers of frames. */
function withoutNumbers(forged: readonly Opening[]): readonly Opening[] {
  const unaltered = forged.find(({ task }) => task.id === UNALTERED);
  return forged.map((trial) =>
    NUMBER_FLIPPED.includes(trial.task.id) ? { ...trial, sha256: unaltered?.sha256 } : trial,
  );
}

function reachOf({ local: { endpoint } }: Pipeline): Reach {
  return { endpoint, keyStore: { table: KEY_STORE_TABLE, accountId: ISV_ACCOUNT, region: REGION } };
}

async function askProduct(pipeline: Pipeline, openings: readonly Opening[]): Promise<readonly Answer[]> {
  return await Promise.all(
    openings.map(async ({ task, vault }) => await openWithProduct(pipeline, vault, task)),
  );
}

/** Forges the first chunk of a tenant's object in every way. The chunk itself opens, under its own context alone. */
async function forgedMessages(vault: TenantVault, folder: string): Promise<readonly Opening[]> {
  const { tenant, key, chunks, uploads } = vault;
  const upload = uploads.get(CHUNKED);
  if (upload === undefined) throw new Error('nothing to forge');
  const { objectId, content } = upload;
  const first = join(chunks, objectId, '0000000000');
  const second = join(chunks, objectId, '0000000001');
  const [message, other] = await Promise.all([readFile(first), readFile(second)]);
  const context = chunkContext({ tenantId: tenant.tenantId, objectId, chunkCount: CHUNK_COUNT }, 0);
  const opening = (id: string, file: string, sha256?: string): Opening => ({
    vault,
    task: { task: 'open', id, key, context, message: file },
    sha256,
  });
  const variants = Object.entries(forgedVariants({ message, bytes: CHUNK_BYTES, other }));
  return [
    opening(UNALTERED, first, sha256Of(content.subarray(0, CHUNK_BYTES))),
    opening('a chunk in the place of another', second),
    ...(await Promise.all(
      variants.map(async ([id, variant], at) => {
        const file = join(folder, `forged-${at}`);
        await writeFile(file, variant);
        return opening(id, file);
      }),
    )),
  ];
}
