/** `tenant rotate`: makes a new version of a tenant's branch key. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import { rotatedSchema } from './answers.ts';
import type { Perform } from '../session/session.ts';
import { aboutTenant, addExamples, type TenantOption, tenantOf } from './arguments.ts';

export function addRotate(parent: Command, perform: Perform): void {
  const command = aboutTenant(parent.command('rotate')).description(
    "make a new version of a tenant's branch key (hierarchical mode); what old versions wrapped stays readable",
  );
  addExamples(command, 'rotate --tenant acme').action(
    async (argument: TenantId | undefined, options: TenantOption) => {
      const tenantId = tenantOf(argument, options);
      await perform(async ({ controlPlane }) => {
        const rotated = await controlPlane.invoke('rotate-branch-key', { tenantId }, rotatedSchema);
        const text = `${tenantId} has a new version of its branch key ${rotated.branchKeyId}.`;
        return { ok: true, answer: rotated, text };
      });
    },
  );
}
