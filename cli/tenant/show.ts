/** `tenant show`: shows the record of one tenant. */
import type { Command } from 'commander';
import { sinceWhat } from '../../shared/tenant/admission.ts';
import { currentKekArns, everyKekArn, type Tenant } from '../../shared/tenant/tenant.ts';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import type { Shown } from '../../shared/onboarding/show.ts';
import { shownSchema } from './answers.ts';
import type { Perform } from '../session/session.ts';
import { aboutTenant, addExamples, type TenantOption, tenantOf } from './arguments.ts';
import { tableOf } from './table.ts';

export function addShow(parent: Command, perform: Perform): void {
  const command = aboutTenant(parent.command('show')).description(
    'show a tenant: its keys, its settings, its status, and the number of parked jobs',
  );
  addExamples(command, 'show --tenant acme', 'show acme --json').action(
    async (argument: TenantId | undefined, options: TenantOption) => {
      const event = { action: 'show', tenantId: tenantOf(argument, options) };
      await perform(async ({ controlPlane }) => {
        const shown = await controlPlane.invoke('onboard', event, shownSchema);
        return { ok: true, answer: shown, text: describe(shown) };
      });
    },
  );
}

function describe({ tenant, parkedJobs, heardAt }: Shown): string {
  const { allowedRegions, branchKeyId } = tenant;
  return tableOf([
    ['tenant', tenant.tenantId],
    ['status', `${tenant.status} since ${sinceWhat(tenant)}`],
    ['epoch', String(tenant.epoch)],
    ['key', lines([tenant.kekArn, ...tenant.replicaArns])],
    ['retired keys', lines(retiredKekArns(tenant))],
    ['key mode', tenant.keyMode],
    ['isolation', tenant.isolation],
    ['branch key', branchKeyId ?? 'none'],
    ['rotates with its key', tenant.rotateWithKek ? 'yes' : 'no'],
    ['longest in a cache', `${tenant.maxKeyAgeSeconds} s`],
    ['allowed regions', allowedRegions.length === 0 ? 'any' : allowedRegions.join(', ')],
    ['events heard', lines(Object.entries(heardAt).map(([arn, at]) => `${at ?? 'never'} of ${arn}`))],
    ['parked jobs', String(parkedJobs)],
  ]);
}

/** Returns the keys that are no longer used. A dropped replica is one of them, even if its KEK is still in use. */
function retiredKekArns(tenant: Tenant): readonly string[] {
  const current = currentKekArns(tenant);
  return everyKekArn(tenant).filter((kekArn) => !current.includes(kekArn));
}

function lines(values: readonly string[]): string {
  return values.length === 0 ? 'none' : values.join('\n');
}
