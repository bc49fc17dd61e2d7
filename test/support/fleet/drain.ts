/** Lets a fleet come to rest: nothing in flight, nothing on the queues, nothing to unpark. */
import type { Account } from './account.ts';
import { removing, resuming } from './control-plane.ts';
import { encrypt, type Fleet, ingest, operate, release, restore, revoke, watch } from './fleet.ts';
import { areInOrder } from './keys-in-use.ts';
import { addOwn, NEWCOMER } from './newcomer.ts';
import { hasWorkingKey, isKeptAside, newest, undrainedOf, unsealed } from './promises.ts';
import { isUsurped, putRecordsRight, putRight } from './tampered-account.ts';
import { pass } from './virtual-time.ts';

/** A round takes longer than KMS takes to spread a change. */
const ROUND_MS = 400_000;
/** So many rounds take longer than a day, the longest wait of an upload for its next re-drive. */
const MOST_ROUNDS = 260;
/** A removal drains, settles and is done. */
const REMOVAL_ROUNDS = 4;
/** After an event a tenant may have to wait for KMS, and then for its work. */
const FEWEST_ROUNDS = 2;

/** Lets the fleet come to rest without crashes and outages. The events that are on their way arrive now or never. */
export async function drain(fleet: Fleet, eventsArrive: boolean): Promise<void> {
  const { account } = fleet;
  account.keys.throttle(false);
  putRecordsRight(account);
  await release(fleet);
  await pass(2_000);
  if (fleet.inFlight.size > 0) throw new Error(`${fleet.inFlight.size} invocations never ended`);
  for (const event of account.events.splice(0)) if (eventsArrive) await revoke(fleet, event);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (round >= FEWEST_ROUNDS && (await isAtRest(fleet))) return;
    await pass(ROUND_MS);
    await watch(fleet);
    while (account.uploadQueue.visible() > 0) await ingest(fleet);
    while (account.chunkQueue.visible() > 0) await encrypt(fleet, { sandbox: round });
  }
}

async function isAtRest({ account }: Fleet): Promise<boolean> {
  if (account.uploadQueue.size() + account.chunkQueue.size() > 0) return false;
  for (const tenantId of account.keyOf.keys())
    if ((await areInOrder(account, tenantId)) && (await due(account, tenantId)).length > 0) return false;
  return true;
}

/** Returns the uploads to seal of a tenant that we serve, or that leaves only when they are sealed. */
async function due(account: Account, tenantId: string): Promise<readonly unknown[]> {
  if (isServed(account, tenantId)) return await unsealed(account, tenantId);
  return account.removals.get(tenantId)?.step === 'drain' ? await undrainedOf(account, tenantId) : [];
}

/** Mends every key that can be mended, puts right what was tampered with, and resumes every suspended tenant. */
export async function mendAll(fleet: Fleet): Promise<void> {
  putRight(fleet.account);
  for (const key of fleet.account.everyKey) await key.mend();
  await pass(ROUND_MS);
  if (fleet.account.state.tenants.get(NEWCOMER.tenantId)?.status === 'pending') await addOwn(fleet);
  for (const key of fleet.account.keyOf.values())
    if (fleet.account.state.tenants.get(key.tenantId)?.status === 'suspended')
      await operate(fleet, { tenant: key.tenantId, action: resuming });
}

/** Finishes every removal that was begun. A tenant whose key no longer works is removed without a drain. */
export async function finishRemovals(fleet: Fleet): Promise<void> {
  const { removals, everyKey } = fleet.account;
  for (const { tenantId } of removals.values()) {
    const own = everyKey.filter((key) => key.tenantId === tenantId);
    const works = (await Promise.all(own.map(async (key) => await key.works()))).every(Boolean);
    for (let round = 0; round < REMOVAL_ROUNDS; round += 1) {
      const removal = removals.get(tenantId);
      if (removal === undefined || removal.step === 'done') break;
      await operate(fleet, {
        tenant: tenantId,
        action: removing({ ...removal, drain: removal.drain && works }),
      });
      await drain(fleet, false);
    }
  }
}

/** Returns the tenants whose removal was asked for and is not done, or whose key works and who are still suspended. */
export async function notSettled({ account }: Fleet): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const tenantId of account.keyOf.keys()) {
    const status = account.state.tenants.get(tenantId)?.status ?? '';
    const step = account.removals.get(tenantId)?.step ?? 'done';
    const right = account.removals.has(tenantId) ? ['offboarded'] : ['active', 'revoked'];
    if (step !== 'done' || ((await areInOrder(account, tenantId)) && !right.includes(status)))
      wrong.push(`${tenantId} is ${status}, its removal at ${step}`);
  }
  return wrong;
}

/** True when we work for the tenant as soon as its key lets us. */
export function isServed({ state }: Account, tenantId: string): boolean {
  return ['active', 'revoked'].includes(state.tenants.get(tenantId)?.status ?? '');
}

/**
 * Restores the newest object of every key. Returns the keys whose bytes are not those that were uploaded. Objects under
 * a KEK that no longer works are left out.
 */
export async function notRestorable(fleet: Fleet, tenantId: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const upload of newest(fleet.account, tenantId)) {
    if (
      isUsurped(fleet.account, upload) ||
      isKeptAside(fleet.account, upload) ||
      !(await hasWorkingKey(fleet.account, upload))
    )
      continue;
    const { key, body } = upload;
    await restore(fleet, { tenant: tenantId, key });
    const restored = fleet.account.destinations.objects.get(`restored/${tenantId}/${key}`);
    if (restored?.body.equals(body) !== true) wrong.push(key);
  }
  return wrong;
}
