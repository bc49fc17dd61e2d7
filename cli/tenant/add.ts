/** `tenant add`: registers a tenant, proves its key, and makes it active. */
import type { Command } from 'commander';
import { kekArnSchema } from '../../shared/tenant/tenant.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { judgedSchema } from './answers.ts';
import type { Outcome, Perform, Session } from '../session/session.ts';
import { aboutTenant, addExamples, type TenantOption, tenantOf } from './arguments.ts';
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
    aboutTenant(parent.command('add')).description('register a tenant, prove its key, and make it active'),
    { isNew: true },
  )
    .option('--strict', 'warnings too keep the tenant from becoming active', false)
    .option('--out <folder>', 'write the files that the tenant deploys in its account to this folder')
    .option('--overwrite', 'replace files that exist already', false);
  addExamples(
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
  // The files are written first, so that nothing is registered when the folder is wrong.
  if (out !== undefined) await writeFiles(tenantId, { ...options, out }, session);
  const judged = await session.controlPlane.invoke('onboard', event, judgedSchema);
  return outcomeOf(judged, strict, {
    passed: 'What the tenant uploads is encrypted under its key.',
    failed: adviceAfterFailure(options),
  });
}

/**
 * Writes the files for the tenant. It writes none when the text is not the ARN of a key; then the checks say what is
 * wrong.
 */
async function writeFiles(
  tenantId: TenantId,
  options: Options & { readonly out: string },
  session: Session,
): Promise<void> {
  const { kekArn, replica, keyMode = 'per-chunk', out, overwrite } = options;
  if (!kekArnSchema.safeParse(kekArn).success) return;
  const key = { kekArn, replicaArns: replica || [], keyModes: [keyMode] };
  const rendered = await render(tenantId, key, session);
  await writeRendered(rendered, out, { overwrite });
  session.terminal.note(describeWritten(rendered, out));
}

function adviceAfterFailure({ out }: Options): string {
  const templates = out === undefined ? ' --out FOLDER writes everything that the tenant deploys.' : '';
  return `Correct what is marked, then add the tenant again.${templates}`;
}
