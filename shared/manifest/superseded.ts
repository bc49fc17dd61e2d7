/**
 * FORMAT rule 32: the place of an upload that a newer one seems to have overtaken. Nothing proves a small object in the
 * vault to be ours, because the state table knows nothing of it. So an upload is not dropped for it: it is kept beside
 * it, encrypted, as if it had come first and had been overwritten.
 */
import { StorageUnavailableError } from '../errors.ts';
import { supersededKey } from '../object/vault-key.ts';
import type { Entry, StoredEntry, Vault } from '../ports/vault.ts';
import type { Contender } from './conflict.ts';

/** The most rounds. Only as many deliveries of one job at the same moment could need more. */
const MOST_ROUNDS = 6;

/** An upload that is to be kept, and the signal that stops the work on it. */
export interface SupersededWork extends Pick<Contender, 'tenantId' | 'objectId'> {
  readonly signal: AbortSignal;
}

/**
 * Keeps the upload's entry in a place of its own, over whatever is there, and reads it back. It writes nothing once the
 * signal aborted.
 * @throws StorageUnavailableError when others kept writing there, or what was written is not what is read back
 */
export async function keepSuperseded(
  { tenantId, objectId, signal }: SupersededWork,
  entry: Entry,
  { vault }: { readonly vault: Pick<Vault, 'getEntry' | 'putEntry'> },
): Promise<void> {
  const key = supersededKey(tenantId, objectId);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const there = await vault.getEntry(key);
    signal.throwIfAborted();
    await vault.putEntry(key, entry, there);
    if (isAsWritten(await vault.getEntry(key), entry)) return;
  }
  throw new StorageUnavailableError(`object ${objectId}: ${key} was written but cannot be read back`);
}

/** True when what was read back is all of what was written: the body, and the clear part beside it or none. */
export function isAsWritten(stored: StoredEntry | undefined, { body, clear }: Entry): boolean {
  return stored !== undefined && stored.clear === clear && Buffer.compare(stored.body, body) === 0;
}
