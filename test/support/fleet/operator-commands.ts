/** What we ourselves do to a tenant, as fast-check draws it. */
import type * as fc from 'fast-check';
import { ANYBODY, type Command, command, MISHAPS, told } from './command.ts';
import { rotate } from './fleet.ts';

export const rotation: fc.Arbitrary<Command> = ANYBODY.chain((tenant) =>
  MISHAPS.map((trouble) =>
    command(`${tenant}: a new version of its branch key${told(trouble)}`, async (fleet) => {
      const record = fleet.account.state.tenants.get(tenant);
      if (record?.keyMode === 'hierarchical') await rotate(fleet, record.tenantId, trouble);
    }),
  ),
);
