/**
 * A conflict: something rests where the manifest of a plan belongs and may not be written over (FORMAT rule 18). A
 * person has to decide, so the error names both objects.
 */
import { ManifestInvalidError } from '../errors.ts';
import type { Plan } from '../object/plan.ts';
import { manifestKey } from '../object/vault-key.ts';
import type { StoredManifest } from '../ports/vault.ts';
import { type ClearPart, decodeManifest } from './manifest.ts';

/**
 * Returns the clear part of what rests where the plan's manifest belongs; nothing of it is verified.
 * @throws ManifestInvalidError when it is no manifest
 */
export function decodeClearPart({ body }: StoredManifest, plan: Plan): ClearPart {
  try {
    return decodeManifest(body).clear;
  } catch (error) {
    if (error instanceof ManifestInvalidError)
      throw conflictError(plan, `is no manifest (${error.message})`, error);
    throw error;
  }
}

/** @param why the rest of the sentence "What rests in the vault under {key} …" */
export function conflictError(plan: Plan, why: string, cause?: Error): ManifestInvalidError {
  const { tenantId, key, objectId, source } = plan;
  return new ManifestInvalidError(
    `tenant ${tenantId}: what rests in the vault under ${manifestKey(tenantId, key)} ${why}. So object ${objectId} ` +
      `is not sealed there, and its source is kept: version ${source.versionId} of ${source.key} in ${source.bucket}. ` +
      'Delete the one that you do not want; if that is the one in the vault, the watch re-drives the upload',
    { cause },
  );
}
