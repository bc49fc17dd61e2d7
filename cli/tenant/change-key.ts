/** `tenant change-key`: another key for a tenant, or other settings for the one it has. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { judgedSchema } from './answers.ts';
import { UsageError } from '../session/failure.ts';
import type { Perform } from '../session/session.ts';
import { aboutTenant, examples, type TenantOption, tenantOf } from './arguments.ts';
import { outcomeOf } from './findings.ts';
import { type SettingsOptions, settingsOf, withSettings } from './settings.ts';

interface Options extends SettingsOptions, TenantOption {
  readonly strict: boolean;
}

const NEXT = {
  passed:
    'New objects are encrypted as now chosen; what an old key wrapped stays readable while that key lives.',
  failed: 'Nothing was changed.',
};

export function addChangeKey(parent: Command, perform: Perform): void {
  const command = withSettings(
    aboutTenant(parent.command('change-key')).description(
      'give a tenant another key, or other settings for the one it has; what is not named stays',
    ),
    { isNew: false },
  ).option('--strict', 'warnings keep everything as it is', false);
  examples(
    command,
    'change-key --tenant acme --kek-arn arn:aws:kms:eu-central-1:111111111111:key/…',
    'change-key acme --key-mode hierarchical --max-key-age 300',
  ).action(async (argument: TenantId | undefined, options: Options) => {
    const event = { action: 'change-key', tenantId: tenantOf(argument, options), ...chosen(options) };
    await perform(async ({ controlPlane }) =>
      outcomeOf(await controlPlane.invoke('onboard', event, judgedSchema), options.strict, NEXT),
    );
  });
}

function chosen(options: Options): object {
  const settings = settingsOf(options);
  if (Object.values(settings).every((value) => value === undefined))
    throw new UsageError('say what is to change: --kek-arn, --key-mode, --max-key-age, …');
  return { ...settings, strict: options.strict };
}
