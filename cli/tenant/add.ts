/** `tenant add`: registers a tenant, proves its key, makes it active. */
import type { Command } from 'commander';
import { kekArnSchema } from '../../shared/tenant/tenant.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { judgedSchema } from './answers.ts';
import type { Outcome, Perform, Session } from '../session/session.ts';
import { aboutTenant, examples, type TenantOption, tenantOf } from './arguments.ts';
import { outcomeOf } from './findings.ts';
import { describeWritten, render, writeRendered } from './rendered.ts';
import { type SettingsOptions, settingsOf, withSettings } from './settings.ts';

interface Options extends SettingsOptions, TenantOption {
  readonly kekArn: string;
  readonly strict: boolean;
  readonly out?: string;
  readonly overwrite: boolean;
}

export function addAdd(parent: Command, perform: Perform): void {
  const command = withSettings(
    aboutTenant(parent.command('add')).description('register a tenant, prove its key, make it active'),
    { isNew: true },
  )
    .option('--strict', 'warnings keep it from becoming active', false)
    .option('--out <folder>', 'write what the tenant deploys in its account')
    .option('--overwrite', 'replace files that are there', false);
  examples(
    command,
    'add --tenant acme --kek-arn arn:aws:kms:eu-central-1:111111111111:key/… --out onboarding-acme',
    'add acme --kek-arn arn:aws:kms:eu-central-1:111111111111:key/mrk-… \\\n' +
      '      --replica arn:aws:kms:eu-west-1:111111111111:key/mrk-… --key-mode hierarchical --strict',
  ).action(async (argument: TenantId | undefined, options: Options) => {
    await perform(async (session) => await addTenant(tenantOf(argument, options), options, session));
  });
}

async function addTenant(tenantId: TenantId, options: Options, session: Session): Promise<Outcome> {
  const { strict, out } = options;
  const event = { action: 'add', tenantId, ...settingsOf(options), strict };
  // First: where the folder is wrong, nothing is registered.
  if (out !== undefined) await writeFor(tenantId, options, out, session);
  const judged = await session.controlPlane.invoke('onboard', event, judgedSchema);
  return outcomeOf(judged, strict, {
    passed: 'What it uploads is encrypted under its key.',
    failed: failedNext(options),
  });
}

/** For an alias, or whatever is no key, there is nothing to render: the checks say so. */
async function writeFor(tenantId: TenantId, options: Options, out: string, session: Session): Promise<void> {
  const { kekArn, replica, keyMode = 'per-chunk', overwrite } = options;
  if (!kekArnSchema.safeParse(kekArn).success) return;
  const key = { kekArn, replicaArns: replica || [], keyModes: [keyMode] };
  const rendered = await render(tenantId, key, session);
  await writeRendered(rendered, out, { overwrite });
  session.terminal.note(describeWritten(rendered, out));
}

function failedNext({ out }: Options): string {
  const templates = out === undefined ? ' --out FOLDER writes all that the tenant deploys.' : '';
  return `Mend what is marked, then add it again.${templates}`;
}
