/**
 * What rests where the manifest of a plan belongs and may not be written over: FORMAT rule 18. A person has to decide, so
 * the error says about what.
 */
import type { Plan } from '../object/plan.ts';
import { manifestKey } from '../object/vault-key.ts';
import { ManifestInvalidError } from '../errors.ts';
import type { StoredManifest } from '../ports/vault.ts';
import { type ClearPart, decodeManifest } from './manifest.ts';

/**
 * The clear part of what rests where the plan's manifest belongs; nothing of it is verified.
 * @throws ManifestInvalidError when it is no manifest
 */
export function clearPartOf({ body }: StoredManifest, plan: Plan): ClearPart {
  try {
    return decodeManifest(body).clear;
  } catch (cause) {
    if (cause instanceof ManifestInvalidError)
      throw inTheWay(plan, `is no manifest (${cause.message})`, cause);
    throw cause;
  }
}

/** @param why what is wrong with what rests where the plan's manifest belongs: the rest of a sentence about it */
export function inTheWay(
  { tenantId, key, objectId, source }: Plan,
  why: string,
  cause?: Error,
): ManifestInvalidError {
  return new ManifestInvalidError(
    `tenant ${tenantId}: what rests in the vault under ${manifestKey(tenantId, key)} ${why}. So object ${objectId} ` +
      `is not sealed there, and its source is kept: version ${source.versionId} of ${source.key} in ${source.bucket}. ` +
      'Delete the one that is not wanted; if that is what is in the vault, the watch sets the upload going again',
    { cause },
  );
}
