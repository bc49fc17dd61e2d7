/** `tenant change-key`: gives a tenant another key, or other settings for the key that it has. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { judgedSchema } from './answers.ts';
import { UsageError } from '../session/failure.ts';
import type { Perform } from '../session/session.ts';
import { aboutTenant, addExamples, type TenantOption, tenantOf } from './arguments.ts';
import { outcomeOf } from './findings.ts';
import { type SettingsOptions, settingsOf, withSettings } from './settings.ts';

interface Options extends SettingsOptions, TenantOption {
  readonly strict: boolean;
}

const NEXT = {
  passed:
    'New objects are encrypted with the new settings; what an old key wrapped stays readable as long as that key exists.',
  failed: 'Nothing was changed.',
};

export function addChangeKey(parent: Command, perform: Perform): void {
  const command = withSettings(
    aboutTenant(parent.command('change-key')).description(
      'give a tenant another key, or other settings for the key that it has; what is not named stays as it is',
    ),
    { isNew: false },
  ).option('--strict', 'warnings too keep everything as it is', false);
  addExamples(
    command,
    'change-key --tenant acme --kek-arn arn:aws:kms:eu-central-1:111111111111:key/…',
    'change-key acme --key-mode hierarchical --max-key-age 300',
  ).action(async (argument: TenantId | undefined, options: Options) => {
    const event = { action: 'change-key', tenantId: tenantOf(argument, options), ...chosenSettings(options) };
    await perform(async ({ controlPlane }) =>
      outcomeOf(await controlPlane.invoke('onboard', event, judgedSchema), options.strict, NEXT),
    );
  });
}

/** @throws UsageError when nothing is to change */
function chosenSettings(options: Options): object {
  const settings = settingsOf(options);
  if (Object.values(settings).every((value) => value === undefined))
    throw new UsageError('name what is to change: --kek-arn, --key-mode, --max-key-age, …');
  return { ...settings, strict: options.strict };
}
