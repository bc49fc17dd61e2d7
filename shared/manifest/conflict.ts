/**
 * A conflict: something rests where an upload belongs and may not be written over (FORMAT rule 18). A person has to
 * decide, so the error names both objects.
 */
import { ManifestInvalidError } from '../errors.ts';
import type { ObjectId } from '../object/object-id.ts';
import type { Upload } from '../object/source-version.ts';
import { entryKey } from '../object/vault-key.ts';

/** An upload whose place in the vault is taken. */
export interface Contender extends Pick<Upload, 'tenantId' | 'key' | 'source'> {
  readonly objectId: ObjectId;
}

/** Returns the conflict of two uploads of which nothing says which one is newer. */
export function unknownOrder(contender: Contender): ManifestInvalidError {
  return conflictError(contender, 'is of an upload that cannot be told to be older or newer');
}

/** @param why the rest of the sentence "What rests in the vault under {key} …" */
export function conflictError(contender: Contender, why: string, cause?: Error): ManifestInvalidError {
  const { tenantId, key, objectId, source } = contender;
  return new ManifestInvalidError(
    `tenant ${tenantId}: what rests in the vault under ${entryKey(tenantId, key)} ${why}. So object ${objectId} ` +
      `is not sealed there, and its source is kept: version ${source.versionId} of ${source.key} in ${source.bucket}. ` +
      'Delete the one that you do not want; if that is the one in the vault, the watch re-drives the upload',
    { cause },
  );
}
