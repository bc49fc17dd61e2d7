/** `tenant list`: lists every tenant, in order of id. */
import type { Command } from 'commander';
import type { Listed } from '../../shared/onboarding/show.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { listedSchema } from './answers.ts';
import type { ControlPlane } from '../session/control-plane.ts';
import type { Perform } from '../session/session.ts';
import { addExamples } from './arguments.ts';
import { tableOf } from './table.ts';

export function addList(parent: Command, perform: Perform): void {
  const command = parent.command('list').description('list all tenants');
  addExamples(command, 'list', 'list --stage prod --region eu-central-1 --json').action(async () => {
    await perform(async ({ controlPlane }) => {
      const { tenants, invalid } = await everyTenant(controlPlane);
      const text = [describe(tenants), ...(invalid === undefined ? [] : ['', `not listed: ${invalid}`])];
      return { ok: invalid === undefined, answer: { tenants, invalid }, text: text.join('\n') };
    });
  });
}

async function everyTenant(controlPlane: ControlPlane): Promise<Omit<Listed, 'after'>> {
  const tenants: Tenant[] = [];
  let page: Listed | undefined;
  do {
    const request = { action: 'list', after: page?.after, limit: 1000 };
    page = await controlPlane.invoke('onboard', request, listedSchema);
    tenants.push(...page.tenants);
  } while (page.after !== undefined);
  return { tenants, invalid: page.invalid };
}

function describe(tenants: readonly Tenant[]): string {
  if (tenants.length === 0) return 'No tenants yet: npx sealstream tenant add --help';
  const rows = tenants.map(({ tenantId, status, keyMode, kekArn }) => [tenantId, status, keyMode, kekArn]);
  return tableOf([['tenant', 'status', 'key mode', 'key'], ...rows]);
}
