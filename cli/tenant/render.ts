/** `tenant render`: what a tenant deploys in its account, before or without registering it. */
import { type Command, Option } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { UsageError } from '../session/failure.ts';
import type { Outcome, Perform, Session } from '../session/session.ts';
import { aboutTenant, collect, examples, type TenantOption, tenantOf } from './arguments.ts';
import { describeWritten, type FutureKey, type KnownKey, render, writeRendered } from './rendered.ts';
import { KEY_MODES } from './settings.ts';

interface Options extends TenantOption {
  readonly kekArn?: string;
  readonly replica: readonly string[];
  readonly account?: string;
  readonly keyRegion?: string;
  readonly replicaRegion: readonly string[];
  readonly keyMode: readonly string[];
  readonly out?: string;
  readonly overwrite: boolean;
}

export function addRender(parent: Command, perform: Perform): void {
  const command = aboutTenant(parent.command('render'))
    .description('write the files that a tenant deploys in its account: the key, its policy, the events')
    .option('--account <id>', "the tenant's AWS account, for a key that is yet to be made")
    .option('--key-region <region>', 'where that key will be')
    .option('--replica-region <region>', 'where it will have a replica; again for each', collect, [])
    .option('--kek-arn <arn>', 'instead: a key that exists')
    .option('--replica <arn>', 'a replica that exists; again for each', collect, [])
    .addOption(
      new Option('--key-mode <modes...>', 'what the key is to be used for')
        .choices(KEY_MODES)
        .default(['per-chunk']),
    )
    .option('--out <folder>', 'where to write (default: onboarding-{tenant}; with --json: nowhere)')
    .option('--overwrite', 'replace files that are there', false);
  examples(
    command,
    'render --tenant acme --account 111111111111 --key-region eu-central-1',
    'render --tenant acme --kek-arn arn:aws:kms:eu-central-1:111111111111:key/… --key-mode hierarchical',
  ).action(async (argument: TenantId | undefined, options: Options) => {
    await perform(async (session) => await renderTenant(tenantOf(argument, options), options, session));
  });
}

async function renderTenant(tenantId: TenantId, options: Options, session: Session): Promise<Outcome> {
  const rendered = await render(tenantId, keyOf(options), session);
  const isForProgram = options.out === undefined && session.json;
  const folder = options.out ?? `onboarding-${tenantId}`;
  if (!isForProgram) await writeRendered(rendered, folder, options);
  return { ok: true, answer: rendered, text: describeWritten(rendered, folder) };
}

function keyOf(options: Options): KnownKey | FutureKey {
  const { kekArn, replica, account, keyRegion, replicaRegion, keyMode: keyModes } = options;
  if (kekArn !== undefined) return { kekArn, replicaArns: replica, keyModes };
  if (account === undefined || keyRegion === undefined)
    throw new UsageError('say where the key will be by --account and --key-region, or name it by --kek-arn');
  return { tenantAccountId: account, keyRegion, replicaRegions: replicaRegion, keyModes };
}
