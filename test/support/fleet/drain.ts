/** Lets a fleet come to rest: nothing in flight, nothing on the queues, nothing to unpark. */
import type { Account } from './account.ts';
import { runResume } from './control-plane.ts';
import { encrypt, type Fleet, ingest, operate, release, restore, revoke, watch } from './fleet.ts';
import { newest, unsealed } from './promises.ts';
import type { TenantKey } from './tenant-keys.ts';
import { pass } from './virtual-time.ts';

/** More than KMS takes to spread a change, and more than any backoff of few deliveries. */
const ROUND_MS = 400_000;
const MOST_ROUNDS = 200;
/** After an event a tenant may have to wait for KMS, and then for its work. */
const FEWEST_ROUNDS = 2;

/** No more crashes and no more outages; events still to come arrive, or never will. */
export async function drain(fleet: Fleet, eventsArrive: boolean): Promise<void> {
  const { account } = fleet;
  account.keys.throttle(false);
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
  for (const key of account.keyOf.values())
    if (isResumed(account, key) && unsealed(account, key.tenantId).length > 0 && (await key.works()))
      return false;
  return true;
}

/** Every key works again, as far as it can, and whoever we suspended goes on. */
export async function mendAll(fleet: Fleet): Promise<void> {
  for (const key of fleet.account.keyOf.values()) await key.mend();
  await pass(ROUND_MS);
  for (const key of fleet.account.keyOf.values())
    if (!isResumed(fleet.account, key)) await operate(fleet, key.tenantId, runResume);
}

function isResumed({ state }: Account, { tenantId }: TenantKey): boolean {
  return state.tenants.get(tenantId)?.status !== 'suspended';
}

/** Restores the newest object of every key, and answers the keys whose bytes are not what was uploaded. */
export async function notRestorable(fleet: Fleet, tenantId: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { key, body } of newest(fleet.account, tenantId)) {
    await restore(fleet, 0, tenantId, key);
    const restored = fleet.account.destinations.objects.get(`restored/${tenantId}/${key}`);
    if (restored?.body.equals(body) !== true) wrong.push(key);
  }
  return wrong;
}
