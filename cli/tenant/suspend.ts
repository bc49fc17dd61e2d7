/** `tenant suspend` and `tenant resume`: stop a tenant, and make it active again. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { statusSchema } from './answers.ts';
import type { Perform } from '../session/session.ts';
import { aboutTenant, addExamples, type TenantOption, tenantOf } from './arguments.ts';

export function addSuspend(parent: Command, perform: Perform): void {
  const description = 'stop a tenant: its uploads wait and nothing is restored until it is resumed';
  addStatusChange({ action: 'suspend', description }, parent, perform);
}

export function addResume(parent: Command, perform: Perform): void {
  const description = 'make a suspended tenant active again, if its key works';
  addStatusChange({ action: 'resume', description }, parent, perform);
}

interface StatusChange {
  readonly action: 'suspend' | 'resume';
  readonly description: string;
}

function addStatusChange({ action, description }: StatusChange, parent: Command, perform: Perform): void {
  const command = aboutTenant(parent.command(action)).description(description);
  addExamples(command, `${action} --tenant acme`).action(
    async (argument: TenantId | undefined, options: TenantOption) => {
      const event = { action, tenantId: tenantOf(argument, options) };
      await perform(async ({ controlPlane }) => {
        const answer = await controlPlane.invoke('offboard', event, statusSchema);
        return { ok: true, answer, text: `${answer.tenantId} is ${answer.status}.` };
      });
    },
  );
}
