/** A key that many messages use: found in the tenant's partition of the cache, or else fetched from KMS once for all. */
import type { Fetched } from '../kms/kms-call.ts';
import type { MessageKey } from './message-key.ts';
import type { Found, Partition } from '../cache/partition.ts';

/** One key of a partition. */
export interface CachedKey<Material> {
  readonly partition: Partition;
  readonly name: string;
  readonly find: () => Found<Material> | false;
  readonly fetch: () => Promise<Fetched<Material>>;
  readonly put: (fetched: Fetched<Material>) => void;
  /** Whether KMS can be asked once more, when the key expires under a message, if it may still be used. */
  readonly renewable: boolean;
}

interface Zeroable {
  zeroUnencryptedDataKey(): unknown;
}

/**
 * From the cache, else from KMS; many messages that miss a key at once make one call of KMS. What it returns is the
 * message's own, to be zeroed by it: a flush never touches it.
 */
export async function materialOf<Material extends Zeroable>(
  key: MessageKey,
  cached: CachedKey<Material>,
): Promise<Material> {
  const { partition, name, find } = cached;
  let found = find();
  if (found === false) {
    const fetched = await partition.once(name, async () => await load(cached));
    if (fetched !== undefined) return key.fetched(fetched);
    found = find();
    // What others fetched is gone already, or worn out: not worth waiting for others a second time.
    if (found === false) return key.fetched(await load(cached));
  }
  if (found.refreshDue) refresh(cached);
  key.found(found, cached.renewable ? async () => await renew(cached) : undefined);
  return found.response;
}

async function load<Material>({ fetch, put }: CachedKey<Material>): Promise<Fetched<Material>> {
  const fetched = await fetch();
  put(fetched);
  return fetched;
}

/** Loads the key anew for the messages to come. */
async function renew<Material extends Zeroable>(cached: CachedKey<Material>): Promise<void> {
  const fetched = await cached.partition.once(cached.name, async () => await load(cached));
  fetched?.material.zeroUnencryptedDataKey();
}

/** Off the critical path: nobody waits, and a failure is met first-hand by whoever finds the key expired or flushed. */
function refresh<Material extends Zeroable>(cached: CachedKey<Material>): void {
  renew(cached).catch(() => undefined);
}
