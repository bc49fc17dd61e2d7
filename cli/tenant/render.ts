/** `tenant render`: writes the files that a tenant deploys in its account. The tenant need not be registered. */
import { type Command, Option } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { UsageError } from '../session/failure.ts';
import type { Outcome, Perform, Session } from '../session/session.ts';
import { aboutTenant, addExamples, collect, type TenantOption, tenantOf } from './arguments.ts';
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
    .option('--account <id>', "the tenant's AWS account, for a new key")
    .option('--key-region <region>', 'the region of the new key')
    .option(
      '--replica-region <region>',
      'a region of a replica of the new key; may be given several times',
      collect,
      [],
    )
    .option('--kek-arn <arn>', 'an existing key, instead of a new one')
    .option('--replica <arn>', 'an existing replica; may be given several times', collect, [])
    .addOption(
      new Option('--key-mode <modes...>', 'the key modes that the key is used in')
        .choices(KEY_MODES)
        .default(['per-chunk']),
    )
    .option('--out <folder>', 'the folder to write to (default: onboarding-{tenant}; with --json: none)')
    .option('--overwrite', 'replace files that exist already', false);
  addExamples(
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
    throw new UsageError(
      'name the account and region of the new key with --account and --key-region, or an existing key with --kek-arn',
    );
  return { tenantAccountId: account, keyRegion, replicaRegions: replicaRegion, keyModes };
}
