/**
 * FORMAT rule 32: the place of an upload that a newer one seems to have overtaken. Nothing proves a small object in the
 * vault to be ours, because the state table knows nothing of it. So an upload is not dropped for it: it is kept beside
 * it, encrypted, as if it had come first and had been overwritten.
 */
import { StorageUnavailableError } from '../errors.ts';
import { supersededKey } from '../object/vault-key.ts';
import type { Entry, Vault } from '../ports/vault.ts';
import type { Contender } from './conflict.ts';

/** The most rounds. Only as many deliveries of one job at the same moment could need more. */
const MOST_ROUNDS = 6;

/**
 * Keeps the upload's entry in a place of its own, over whatever is there, and reads it back.
 * @throws StorageUnavailableError when others kept writing there, or what was written is not what is read back
 */
export async function keepSuperseded(
  { tenantId, objectId }: Pick<Contender, 'tenantId' | 'objectId'>,
  entry: Entry,
  { vault }: { readonly vault: Pick<Vault, 'getEntry' | 'putEntry'> },
): Promise<void> {
  const key = supersededKey(tenantId, objectId);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await vault.putEntry(key, entry, await vault.getEntry(key));
    const kept = await vault.getEntry(key);
    if (kept !== undefined && Buffer.compare(kept.body, entry.body) === 0) return;
  }
  throw new StorageUnavailableError(`object ${objectId}: ${key} was written but cannot be read back`);
}
