/** `tenant check`: checks the keys of a registered tenant again. It changes nothing. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { judgedSchema } from './answers.ts';
import type { Perform } from '../session/session.ts';
import { aboutTenant, addExamples, type TenantOption, tenantOf } from './arguments.ts';
import { outcomeOf } from './findings.ts';

interface Options extends TenantOption {
  readonly strict: boolean;
}

export function addCheck(parent: Command, perform: Perform): void {
  const command = aboutTenant(parent.command('check'))
    .description("check a registered tenant's key again, and whether its events reach us")
    .option('--strict', 'with warnings too the exit code is 1', false);
  addExamples(command, 'check --tenant acme', 'check acme --strict --json').action(
    async (argument: TenantId | undefined, options: Options) => {
      const event = { action: 'check', tenantId: tenantOf(argument, options) };
      await perform(async ({ controlPlane }) => {
        const judged = await controlPlane.invoke('onboard', event, judgedSchema);
        const failed = 'Correct what is marked, then check again.';
        return outcomeOf(judged, options.strict, { passed: adviceAfterSuccess(judged.status), failed });
      });
    },
  );
}

function adviceAfterSuccess(status: string): string {
  return status === 'pending' ? 'Add the tenant again to make it active.' : 'Its key is as it has to be.';
}
