/**
 * A tenant that is added in the middle of everything: first with another tenant's key or a missing one, then with its
 * own. Its uploads in between wait, and are sealed under its own key once that is proven.
 */
import * as fc from 'fast-check';
import type { Account, OnboardedTenant } from './account.ts';
import { press } from './buttons.ts';
import { type Command, command, type Known, MISHAPS, told } from './command.ts';
import { type Action, onboarding } from './control-plane.ts';
import { encrypt, type Fleet, operate, release } from './fleet.ts';
import type { Mishap } from './gate.ts';
import { REGIONS } from './tenant-keys.ts';
import { pass } from './virtual-time.ts';
import { workThrough } from './working.ts';

export const NEWCOMER: Pick<OnboardedTenant, 'tenantId' | 'accountId' | 'comesLater'> = {
  tenantId: 'umbrella',
  accountId: '444444444444',
  comesLater: true,
};
/** The tenant whose key the newcomer names first, by mistake or not. */
const OTHER = 'initech';

type Wrong = 'the key of another tenant' | 'a key that there is not';

/** The command that adds the newcomer. If it is active already, nothing is added and its work goes on. */
export const addition: fc.Arbitrary<Command> = fc
  .record({
    wrong: fc.constantFrom<Wrong>('the key of another tenant', 'a key that there is not'),
    sandbox: fc.nat({ max: 1 }),
    trouble: MISHAPS,
  })
  .map(({ wrong, sandbox, trouble }) =>
    command(
      `${NEWCOMER.tenantId} through ${sandbox} is added with ${wrong}, and with its own${told(trouble)}`,
      async (fleet, known) => {
        await addWrong(fleet, known, wrong);
        await workThrough(fleet, { tenant: NEWCOMER.tenantId, key: 'a', bytes: 250 }, { sandbox });
        await addOwn(fleet, trouble);
        await encrypt(fleet, { sandbox });
        await workThrough(fleet, { tenant: NEWCOMER.tenantId, key: 'b', bytes: 1 }, { sandbox });
      },
    ),
  );

/** The newcomer's key is disabled while it is added, and we hear of that before the adding ends. */
export const additionDisabled: fc.Arbitrary<Command> = fc
  .record({ sandbox: fc.nat({ max: 1 }), call: fc.integer({ min: 1, max: 16 }), isEnabled: fc.boolean() })
  .map(({ sandbox, call, isEnabled }) =>
    command(
      `${NEWCOMER.tenantId}'s key is disabled at call ${call} of adding it${isEnabled ? ', and enabled again' : ''}`,
      async (fleet, known) => {
        await addWrong(fleet, known, 'a key that there is not');
        await addOwn(fleet, { at: call, what: 'wait', when: 'after' });
        await press(fleet, known, { tenant: NEWCOMER.tenantId, button: 'disable', how: 'once' });
        await release(fleet);
        await workThrough(fleet, { tenant: NEWCOMER.tenantId, key: 'a', bytes: 1 }, { sandbox });
        if (isEnabled)
          await press(fleet, known, { tenant: NEWCOMER.tenantId, button: 'enable', how: 'once' });
        await pass(1_000);
        await workThrough(fleet, { tenant: NEWCOMER.tenantId, key: 'b', bytes: 1 }, { sandbox });
      },
    ),
  );

async function addWrong(fleet: Fleet, known: Known, wrong: Wrong): Promise<void> {
  const { tenantId, accountId } = NEWCOMER;
  known.disturbed.add(tenantId);
  const missing = `arn:aws:kms:${REGIONS[0]}:${accountId}:key/9d3ab1c2-0000-4000-8000-000000000000`;
  const kekArn = wrong === 'a key that there is not' ? missing : fleet.account.keyOf.get(OTHER)?.arn;
  await operate(fleet, { tenant: tenantId, action: adding(fleet.account, kekArn ?? missing) });
}

/** Adds the newcomer with its own key. That is refused unless it is pending. */
export async function addOwn(fleet: Fleet, trouble?: Mishap): Promise<void> {
  const { tenantId } = NEWCOMER;
  const own = fleet.account.everyKey.find((key) => key.tenantId === tenantId);
  if (own !== undefined)
    await operate(fleet, { tenant: tenantId, action: adding(fleet.account, own.arn) }, trouble);
}

function adding(account: Account, kekArn: string): Action {
  return async (sandbox, tenantId) => {
    const key = account.everyKey.find((one) => one.tenantId === tenantId);
    const settings = {
      kekArn,
      replicaArns: [],
      keyMode: key?.keyMode ?? 'per-chunk',
      isolation: 'pooled',
      maxKeyAgeSeconds: 60,
      allowedRegions: [],
      rotateWithKek: false,
    } as const;
    await onboarding(sandbox, { action: 'add', tenantId, settings, strict: false });
  };
}
