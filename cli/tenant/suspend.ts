/** `tenant suspend` and `tenant resume`: we stop a tenant, and let it go on. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { standingSchema } from './answers.ts';
import type { Perform } from '../session/session.ts';
import { aboutTenant, examples, type TenantOption, tenantOf } from './arguments.ts';

export function addSuspend(parent: Command, perform: Perform): void {
  const description = 'stop a tenant: its uploads wait, nothing is restored, until it is resumed';
  addStanding('suspend', description, parent, perform);
}

export function addResume(parent: Command, perform: Perform): void {
  addStanding('resume', 'let a suspended tenant go on, if its key works', parent, perform);
}

function addStanding(
  action: 'suspend' | 'resume',
  description: string,
  parent: Command,
  perform: Perform,
): void {
  const command = aboutTenant(parent.command(action)).description(description);
  examples(command, `${action} --tenant acme`).action(
    async (argument: TenantId | undefined, options: TenantOption) => {
      const event = { action, tenantId: tenantOf(argument, options) };
      await perform(async ({ controlPlane }) => {
        const standing = await controlPlane.invoke('offboard', event, standingSchema);
        return { ok: true, answer: standing, text: `${standing.tenantId} is ${standing.status}.` };
      });
    },
  );
}
