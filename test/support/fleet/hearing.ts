/** Has `revoke` hear of what happened to a key: in time, late, twice, out of order, or never. */
import { isDeepStrictEqual } from 'node:util';
import type { AwsEvent } from '../../../local/front/service.ts';
import type { Account } from './account.ts';
import { type Fleet, revoke } from './fleet.ts';
import { isDisabling, keyArnOf } from './key-news.ts';
import { keysInUse } from './keys-in-use.ts';
import type { Mishap } from './gate.ts';

/** The way an event arrives. `and again later`: it stays on its way. */
export type How = 'once' | 'twice' | 'never' | 'and again later';

/** Delivers the newest of the events that are on their way. Without `how` it arrives later. */
export async function deliverNewest(fleet: Fleet, how: How | undefined): Promise<void> {
  if (how !== undefined) await deliver(fleet, fleet.account.events.length - 1, { how });
}

/** Delivers one of the events that are on their way. */
export async function deliver(
  fleet: Fleet,
  index: number,
  { how, trouble }: { readonly how: How; readonly trouble?: Mishap | undefined },
): Promise<void> {
  const { events } = fleet.account;
  const place = index % Math.max(events.length, 1);
  const event = events[place];
  if (event === undefined) return;
  if (how === 'never') return void events.splice(place, 1);
  const handled = await hear(fleet, event, trouble);
  if (how === 'twice') await hear(fleet, event);
  if (handled && how !== 'and again later') events.splice(events.indexOf(event), 1);
}

/**
 * Has `revoke` hear of one event. An event that was heard before and has been undone since does not take the key down
 * once more. An event about a key that is not in use neither stops a tenant nor brings it back.
 */
async function hear(fleet: Fleet, event: AwsEvent, trouble?: Mishap): Promise<boolean> {
  const { account } = fleet;
  const tenantIds = [...account.keyOf.keys()];
  const inUse = tenantIds.flatMap((tenantId) => keysInUse(account, tenantId));
  const isInUse = inUse.some(({ arn }) => arn === keyArnOf(event));
  const isOld = !isInUse || (account.heard.has(event) && isDisabling(event));
  const actives = activeTenants(account);
  const handled = await revoke(fleet, event, trouble);
  if (handled) account.heard.add(event);
  if (isOld && !isDeepStrictEqual(activeTenants(account), actives))
    account.surprises.push('an event of the past, or of a key that is not in use, turned a tenant');
  return handled;
}

function activeTenants({ state }: Account): readonly string[] {
  return [...state.tenants.values()]
    .filter(({ status }) => status === 'active')
    .map(({ tenantId }) => tenantId);
}
