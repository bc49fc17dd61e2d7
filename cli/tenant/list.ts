/** `tenant list`: every tenant, in order of id. */
import type { Command } from 'commander';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { listedSchema } from '../answers.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { Perform } from '../session.ts';
import { examples } from './arguments.ts';
import { tableOf } from './table.ts';

export function addList(parent: Command, perform: Perform): void {
  const command = parent.command('list').description('list all tenants');
  examples(command, 'list', 'list --stage prod --region eu-central-1 --json').action(async () => {
    await perform(async ({ controlPlane }) => {
      const tenants = await everyTenant(controlPlane);
      return { ok: true, answer: { tenants }, text: describe(tenants) };
    });
  });
}

async function everyTenant(controlPlane: ControlPlane): Promise<readonly Tenant[]> {
  const tenants: Tenant[] = [];
  let after: string | undefined;
  do {
    const page = await controlPlane.invoke('onboard', { action: 'list', after, limit: 1000 }, listedSchema);
    tenants.push(...page.tenants);
    after = page.after;
  } while (after !== undefined);
  return tenants;
}

function describe(tenants: readonly Tenant[]): string {
  if (tenants.length === 0) return 'No tenants yet: npx sealstream tenant add --help';
  const rows = tenants.map(({ tenantId, status, keyMode, kekArn }) => [tenantId, status, keyMode, kekArn]);
  return tableOf([['tenant', 'status', 'key mode', 'key'], ...rows]);
}
