/** Commands by which a tenant changes its key in the middle of everything, and acts on the key it had before. */
import * as fc from 'fast-check';
import type { ChangeRequest } from '../../../shared/onboarding/request.ts';
import type { Account } from './account.ts';
import { BUTTONS, press } from './buttons.ts';
import { type Command, command, DISTURBED, MISHAPS, told } from './command.ts';
import { type Action, onboarding } from './control-plane.ts';
import { ingest, operate, release } from './fleet.ts';

import { deliverNewest, type How } from './hearing.ts';
import { REGIONS, replicasOf, type TenantKey } from './tenant-keys.ts';
import { pass } from './virtual-time.ts';
import { uploadSpaced, workThrough } from './working.ts';

/** Any. */
const SANDBOX = fc.nat({ max: 1 });

/** Changes to the other of a tenant's two keys, which may be the one it had before, or may not work. */
export const keyChange: fc.Arbitrary<Command> = fc
  .record({ tenant: DISTURBED, trouble: MISHAPS })
  .map(({ tenant, trouble }) =>
    command(`${tenant} changes its key${told(trouble)}`, async (fleet, known) => {
      known.disturbed.add(tenant);
      await operate(fleet, { tenant, action: toOtherKey(fleet.account, tenant) }, trouble);
    }),
  );

/** The tenant whose first key may have a replica. */
const REPLICATED = 'acme';

/** Names the key's replica no more, or again. Before that the key's own region is out of reach for a while. */
export const replicaChange: fc.Arbitrary<Command> = fc
  .record({ sandbox: SANDBOX, isDropped: fc.constantFrom(true, true, false), trouble: MISHAPS })
  .map(({ sandbox, isDropped, trouble }) =>
    command(
      `${REPLICATED} through ${sandbox}: its replica wraps, and is ${isDropped ? 'dropped' : 'named'}${told(trouble)}`,
      async (fleet, known) => {
        known.disturbed.add(REPLICATED);
        const { keys } = fleet.account;
        keys.throttle(true, [REGIONS[0]]);
        // Nothing else is uploaded under that name, so that in the end it is read again.
        await workThrough(fleet, { tenant: REPLICATED, key: 'by its replica', bytes: 100 }, { sandbox });
        keys.throttle(false, [REGIONS[0]]);
        const replicaArns = isDropped ? [] : replicasOf(fleet.account.keyOf.get(REPLICATED));
        await operate(fleet, { tenant: REPLICATED, action: changing({ replicaArns }) }, trouble);
      },
    ),
  );

/** Changes the key in the middle of work: one upload is planned, and one is in flight. */
export const keyChangeAtWork: fc.Arbitrary<Command> = fc
  .record({ tenant: DISTURBED, sandbox: SANDBOX, call: fc.integer({ min: 1, max: 16 }) })
  .map(({ tenant, sandbox, call }) =>
    command(`${tenant} through ${sandbox}: its key changes at call ${call}`, async (fleet, known) => {
      known.disturbed.add(tenant);
      await workThrough(
        fleet,
        { tenant, key: 'a', bytes: 250 },
        { sandbox, trouble: { at: call, what: 'wait', when: 'before' } },
      );
      await uploadSpaced(fleet, { tenant, key: 'b', bytes: 100 });
      await ingest(fleet);
      await operate(fleet, { tenant, action: toOtherKey(fleet.account, tenant) });
      await pass(1_000);
      await release(fleet);
      await workThrough(fleet, { tenant, key: 'b', bytes: 1 }, { sandbox });
    }),
  );

/** Presses a button of a key that the tenant does not use, or no longer uses. */
export const otherButton: fc.Arbitrary<Command> = fc
  .record({
    tenant: DISTURBED,
    name: fc.constantFrom('disable', 'enable', 'lock out', 'let in', 'schedule deletion', 'cancel deletion'),
    how: fc.constantFrom<How | undefined>('once', 'and again later', undefined),
  })
  .map(({ tenant, name, how }) =>
    command(`${tenant}: ${name} of its other key, heard ${how ?? 'later'}`, async (fleet, known) => {
      known.disturbed.add(tenant);
      const key = otherKeyOf(fleet.account, tenant);
      await (key && BUTTONS[name]?.(key));
      await deliverNewest(fleet, how);
    }),
  );

function toOtherKey(account: Account, tenant: string): Action {
  const other = otherKeyOf(account, tenant);
  return changing({ kekArn: other?.arn, replicaArns: replicasOf(other) });
}

function changing(settings: ChangeRequest['settings']): Action {
  return async (sandbox, tenantId) =>
    await onboarding(sandbox, { action: 'change-key', tenantId, settings, strict: false });
}

/** Presses a button of a key's replica, which has buttons of its own: those of the key change nothing about it. */
export const replicaButton: fc.Arbitrary<Command> = fc
  .record({
    name: fc.constantFrom('disable', 'enable', 'lock out', 'let in'),
    how: fc.constantFrom<How | undefined>('once', 'and again later', undefined),
    isKeyEnabled: fc.boolean(),
  })
  .map(({ name, how, isKeyEnabled }) =>
    command(
      `${REPLICATED}: ${name} of its replica, heard ${how ?? 'later'}${isKeyEnabled ? ', and enable of its key' : ''}`,
      async (fleet, known) => {
        const replica = fleet.account.everyKey.find((key) => key.replica !== undefined)?.replica;
        if (replica === undefined) return;
        known.disturbed.add(REPLICATED);
        await BUTTONS[name]?.(replica);
        await deliverNewest(fleet, how);
        if (isKeyEnabled) await press(fleet, known, { tenant: REPLICATED, button: 'enable', how: 'once' });
      },
    ),
  );

/** Returns the key that the tenant does not use, of its two. A replica belongs to its key. */
function otherKeyOf({ everyKey, keyOf }: Account, tenantId: string): TenantKey | undefined {
  const idInUse = keyIdOf(keyOf.get(tenantId));
  return everyKey.find((key) => key.tenantId === tenantId && keyIdOf(key) !== idInUse);
}

/** Returns the id of a key, which its replicas share. */
function keyIdOf(key: TenantKey | undefined): string | undefined {
  return key?.arn.split('/')[1];
}
