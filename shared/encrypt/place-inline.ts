/** Puts a small object into its place in the vault: FORMAT rule 32. */
import { ManifestInvalidError, StorageUnavailableError } from '../errors.ts';
import { decodeClaim } from '../manifest/claim.ts';
import { type Contender, unknownOrder } from '../manifest/conflict.ts';
import { requireNotLater } from '../manifest/seal-proof.ts';
import { keepSuperseded } from '../manifest/superseded.ts';
import { compareUploads } from '../manifest/upload-order.ts';
import { entryKey, supersededKey } from '../object/vault-key.ts';
import type { State } from '../ports/state.ts';
import type { Entry, StoredEntry, Vault } from '../ports/vault.ts';

/** An upload that wants its place, and the signal that stops the work on it. */
export interface PlaceWork extends Contender {
  readonly signal: AbortSignal;
}

export interface PlacePorts {
  readonly state: Pick<State, 'tenantAndPlan'>;
  readonly vault: Pick<Vault, 'getEntry' | 'putEntry'>;
}

/** `superseded`: a newer upload seems to have come first. */
export type Placed = 'written' | 'superseded';

/** The most rounds. Only as many uploads of one key at the same moment could need more. */
const MOST_ROUNDS = 6;

export interface InlineEntry extends Entry {
  /** The time of the upload as S3 says it. */
  readonly modifiedAt: string | undefined;
}

/**
 * Puts the entry where the object's name says: over nothing, over an older upload, over this upload itself, whoever
 * wrote that. A newer upload is not written over, and this one is kept beside it.
 * @throws ManifestInvalidError when what is in the place is no entry, cannot be told to be older or newer, or claims to
 * be newer against what S3 says
 * @throws StorageUnavailableError when others kept writing there
 */
export async function placeInline(
  work: PlaceWork,
  { modifiedAt, ...entry }: InlineEntry,
  ports: PlacePorts,
): Promise<Placed> {
  const key = entryKey(work.tenantId, work.key);
  let stored: StoredEntry | undefined;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    work.signal.throwIfAborted();
    if (stored !== undefined && (await orderOf(stored, work, ports)) === 'newer') {
      requireNotLater(work, stored, modifiedAt);
      await keepSuperseded(work, entry, ports);
      return 'superseded';
    }
    if (await ports.vault.putEntry(key, entry, stored)) return 'written';
    stored = await ports.vault.getEntry(key);
  }
  throw new StorageUnavailableError(`object ${work.objectId}: others keep writing under its name`);
}

/** @throws ManifestInvalidError when what is stored is no entry, or cannot be told to be older or newer */
async function orderOf(
  stored: StoredEntry,
  work: PlaceWork,
  { state }: PlacePorts,
): Promise<'same' | 'older' | 'newer'> {
  const claim = decodeClaim(stored, work);
  if (claim.objectId === work.objectId) return 'same';
  const { order } = await compareUploads(claim, work, state);
  if (order !== 'unknown') return order;
  throw unknownOrder(work);
}

/**
 * True when the vault says that the upload, whose source is gone, was sealed, or that a newer one took its place. There
 * is nothing to lose any more, so the word of the vault will do.
 */
export async function isTakenCareOf(work: PlaceWork, ports: PlacePorts): Promise<boolean> {
  const { vault } = ports;
  const { tenantId, key, objectId } = work;
  if ((await vault.getEntry(supersededKey(tenantId, objectId))) !== undefined) return true;
  const stored = await vault.getEntry(entryKey(tenantId, key));
  try {
    return stored !== undefined && (await orderOf(stored, work, ports)) !== 'older';
  } catch (error) {
    if (error instanceof ManifestInvalidError) return false;
    throw error;
  }
}
