/** The claim of what rests under an object's name: which upload it is of. Nothing of it is verified. */
import { ManifestInvalidError } from '../errors.ts';
import type { ObjectId } from '../object/object-id.ts';
import type { StoredEntry } from '../ports/vault.ts';
import { conflictError, type Contender } from './conflict.ts';
import { decodeInlineClearPart, isInline } from './inline.ts';
import { decodeManifest } from './manifest.ts';

export interface Claim {
  readonly kind: 'manifest' | 'inline';
  readonly objectId: ObjectId;
  readonly sequencer: string;
  /** The time of the upload, ISO 8601, UTC. A manifest does not say it. */
  readonly uploadedAt?: string | undefined;
  /** ISO 8601, UTC. */
  readonly sealedAt: string;
}

/**
 * Reads the claim of the entry that rests where the contender's belongs.
 * @throws ManifestInvalidError when it is no entry
 */
export function decodeClaim(entry: StoredEntry, contender: Contender): Claim {
  try {
    if (isInline(entry)) return { kind: 'inline', ...decodeInlineClearPart(entry) };
    return { kind: 'manifest', ...decodeManifest(entry.body).clear };
  } catch (error) {
    if (error instanceof ManifestInvalidError)
      throw conflictError(contender, `is no manifest (${error.message})`, error);
    throw error;
  }
}
