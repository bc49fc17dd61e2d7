/** A tenant that changes its key in the middle of everything, and what it does to the one it had before. */
import * as fc from 'fast-check';
import { EVENT_BUS_ARN, ROLE_ARNS } from '../../../laptop/names.ts';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import type { AddPorts } from '../../../shared/onboarding/add.ts';
import { changeKey } from '../../../shared/onboarding/change-key.ts';
import type { ChangeRequest } from '../../../shared/onboarding/request.ts';
import { ourselvesOf } from '../../../shared/handover/input.ts';
import type { TenantId } from '../../../shared/tenant/tenant-id.ts';
import type { Account } from './account.ts';
import { branchKeysOf } from './branch-keys.ts';
import { BUTTONS, press } from './buttons.ts';
import { type Command, command, DISTURBED, MISHAPS, told } from './command.ts';
import { ingest, operate, release } from './fleet.ts';
import { PROPAGATION_SECONDS } from './control-plane.ts';
import type { Sandbox } from './functions.ts';
import { deliver, type How } from './hearing.ts';
import { controlPlaneKmsOf } from './kms-ports.ts';
import { gated } from './sandbox.ts';
import { REGIONS, replicasOf, type TenantKey } from './tenant-keys.ts';
import { pass } from './virtual-time.ts';
import { uploadSpaced, workThrough } from './working.ts';

const OURSELVES = ourselvesOf({ ...ROLE_ARNS, eventBusArn: EVENT_BUS_ARN });
/** Any. */
const SANDBOX = fc.nat({ max: 1 });

/** To the other of its two keys, which may be the one it had before, or may not work. */
export const keyChange: fc.Arbitrary<Command> = fc
  .record({ tenant: DISTURBED, trouble: MISHAPS })
  .map(({ tenant, trouble }) =>
    command(`${tenant} changes its key${told(trouble)}`, async (fleet, known) => {
      known.disturbed.add(tenant);
      await operate(fleet, tenant, runChangeKey, trouble);
    }),
  );

/** Whose first key may have a replica. */
const REPLICATED = 'acme';

/** Its replica is named no more, or again; before that its own region is out of reach for a while. */
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
        await workThrough(fleet, sandbox, REPLICATED, 'by its replica', 100);
        keys.throttle(false, [REGIONS[0]]);
        await operate(fleet, REPLICATED, isDropped ? dropReplicas : nameReplicas, trouble);
      },
    ),
  );

async function dropReplicas(account: Account, sandbox: Sandbox, tenantId: TenantId): Promise<void> {
  await change(account, sandbox, tenantId, { replicaArns: [] });
}

async function nameReplicas(account: Account, sandbox: Sandbox, tenantId: TenantId): Promise<void> {
  await change(account, sandbox, tenantId, { replicaArns: replicasOf(account.keyOf.get(tenantId)) });
}

/** In the middle of its work: one upload is planned, and one is in flight. */
export const keyChangeAtWork: fc.Arbitrary<Command> = fc
  .record({ tenant: DISTURBED, sandbox: SANDBOX, call: fc.integer({ min: 1, max: 16 }) })
  .map(({ tenant, sandbox, call }) =>
    command(`${tenant} through ${sandbox}: its key changes at call ${call}`, async (fleet, known) => {
      known.disturbed.add(tenant);
      await workThrough(fleet, sandbox, tenant, 'a', 250, { at: call, what: 'wait', when: 'before' });
      await uploadSpaced(fleet, tenant, 'b', 100, true);
      await ingest(fleet, 0, 10);
      await operate(fleet, tenant, runChangeKey);
      await pass(1_000);
      await release(fleet);
      await workThrough(fleet, sandbox, tenant, 'b', 1);
    }),
  );

/** What a tenant does to the key that it does not use, or no longer. */
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
      if (how !== undefined) await deliver(fleet, fleet.account.events.length - 1, how);
    }),
  );

async function runChangeKey(account: Account, sandbox: Sandbox, tenantId: TenantId): Promise<void> {
  const other = otherKeyOf(account, tenantId);
  await change(account, sandbox, tenantId, { kekArn: other?.arn, replicaArns: replicasOf(other) });
}

/** What somebody else changed meanwhile is asked for again another time. */
async function change(
  account: Account,
  sandbox: Sandbox,
  tenantId: TenantId,
  settings: ChangeRequest['settings'],
): Promise<void> {
  const request = { action: 'change-key', tenantId, settings, strict: false } as const;
  await changeKey(request, onboardingPorts(account, sandbox)).catch((error: unknown) => {
    if (!(error instanceof StorageUnavailableError)) throw error;
  });
}

export function onboardingPorts(account: Account, { gate: entrance }: Sandbox): AddPorts {
  return {
    tenants: gated(account.tenants, entrance),
    hearings: gated(account.hearings, entrance),
    kms: gated(controlPlaneKmsOf(account), entrance),
    ourselves: OURSELVES,
    branchKeys: branchKeysOf(account.keys, account.keyStore.table, entrance),
    propagationSeconds: PROPAGATION_SECONDS,
    now: () => new Date(),
  };
}

/** What a tenant does to the replica of its key, which is a key with buttons of its own: those of the key change nothing. */
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
        const { everyKey, events } = fleet.account;
        const replica = everyKey.find((key) => key.replica !== undefined)?.replica;
        if (replica === undefined) return;
        known.disturbed.add(REPLICATED);
        await BUTTONS[name]?.(replica);
        if (how !== undefined) await deliver(fleet, events.length - 1, how);
        if (isKeyEnabled) await press(fleet, known, REPLICATED, 'enable', 'once');
      },
    ),
  );

/** The one of its two keys that it does not use; replicas go with the key they are of. */
function otherKeyOf({ everyKey, keyOf }: Account, tenantId: string): TenantKey | undefined {
  const idInUse = keyIdOf(keyOf.get(tenantId));
  return everyKey.find((key) => key.tenantId === tenantId && keyIdOf(key) !== idInUse);
}

/** The same for a key and its replicas. */
function keyIdOf(key: TenantKey | undefined): string | undefined {
  return key?.arn.split('/')[1];
}
