/** Lets a fleet come to rest: nothing in flight, nothing on the queues, nothing to unpark. */
import type { Account } from './account.ts';
import { removing, resuming } from './control-plane.ts';
import { encrypt, type Fleet, ingest, operate, release, restore, revoke, watch } from './fleet.ts';
import { areInOrder } from './keys-in-use.ts';
import { addOwn, NEWCOMER } from './newcomer.ts';
import { hasWorkingKey, isKeptAside, newest, undrainedOf, unsealed } from './promises.ts';
import { putRecordsRight, putRight } from './tampering.ts';
import { pass } from './virtual-time.ts';

/** More than KMS takes to spread a change. */
const ROUND_MS = 400_000;
/** Longer than any upload waits for its next re-drive: a day. */
const MOST_ROUNDS = 260;
/** Drained, settled, done. */
const REMOVAL_ROUNDS = 4;
/** After an event a tenant may have to wait for KMS, and then for its work. */
const FEWEST_ROUNDS = 2;

/** No more crashes and no more outages; events still to come arrive, or never will. */
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
    while (account.uploadQueue.visible() > 0) await ingest(fleet, 0, 10);
    while (account.chunkQueue.visible() > 0) await encrypt(fleet, round, 0, 10);
  }
}

async function isAtRest({ account }: Fleet): Promise<boolean> {
  if (account.uploadQueue.size() + account.chunkQueue.size() > 0) return false;
  for (const tenantId of account.keyOf.keys())
    if ((await areInOrder(account, tenantId)) && (await due(account, tenantId)).length > 0) return false;
  return true;
}

/** What is to be sealed of a tenant that we serve, or that is to go only when it is sealed. */
async function due(account: Account, tenantId: string): Promise<readonly unknown[]> {
  if (isServed(account, tenantId)) return await unsealed(account, tenantId);
  return account.removals.get(tenantId)?.step === 'drain' ? await undrainedOf(account, tenantId) : [];
}

/** Every key works again, as far as it can, what was tampered with is put right, and whoever we suspended goes on. */
export async function mendAll(fleet: Fleet): Promise<void> {
  putRight(fleet.account);
  for (const key of fleet.account.everyKey) await key.mend();
  await pass(ROUND_MS);
  if (fleet.account.state.tenants.get(NEWCOMER.tenantId)?.status === 'pending') await addOwn(fleet);
  for (const key of fleet.account.keyOf.values())
    if (fleet.account.state.tenants.get(key.tenantId)?.status === 'suspended')
      await operate(fleet, key.tenantId, resuming);
}

/** Every removal that was begun comes to its end; whoever has a key that no longer works is removed without a drain. */
export async function finishRemovals(fleet: Fleet): Promise<void> {
  const { removals, everyKey } = fleet.account;
  for (const { tenantId } of removals.values()) {
    const own = everyKey.filter((key) => key.tenantId === tenantId);
    const works = (await Promise.all(own.map(async (key) => await key.works()))).every(Boolean);
    for (let round = 0; round < REMOVAL_ROUNDS; round += 1) {
      const removal = removals.get(tenantId);
      if (removal === undefined || removal.step === 'done') break;
      await operate(fleet, tenantId, removing({ ...removal, drain: removal.drain && works }));
      await drain(fleet, false);
    }
  }
}

/** Tenants that are not removed though it was asked for, or suspended still though their key works. */
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

/** Whether we work for the tenant, as soon as its key lets us. */
export function isServed({ state }: Account, tenantId: string): boolean {
  return ['active', 'revoked'].includes(state.tenants.get(tenantId)?.status ?? '');
}

/**
 * Restores the newest object of every key, and answers the keys whose bytes are not what was uploaded. What is under a
 * KEK that no longer works cannot be restored.
 */
export async function notRestorable(fleet: Fleet, tenantId: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const upload of newest(fleet.account, tenantId)) {
    if (isKeptAside(fleet.account, upload) || !(await hasWorkingKey(fleet.account, upload))) continue;
    const { key, body } = upload;
    await restore(fleet, 0, tenantId, key);
    const restored = fleet.account.destinations.objects.get(`restored/${tenantId}/${key}`);
    if (restored?.body.equals(body) !== true) wrong.push(key);
  }
  return wrong;
}
