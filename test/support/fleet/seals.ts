/** What is sealed in an account, by what its state table and its vault say. */
import { decodeInlineClearPart, isInline } from '../../../shared/manifest/inline.ts';
import { decodeManifest } from '../../../shared/manifest/manifest.ts';
import type { Account, Uploaded } from './account.ts';

/** True when the upload's plan says so; of a small object, which has none, when its source is gone. */
export function isSealed(
  { state, sources }: Account,
  { objectId, versionId }: Pick<Uploaded, 'objectId' | 'versionId'>,
): boolean {
  const plan = state.plans.get(objectId);
  return plan === undefined ? !sources.versions.has(versionId) : plan.sealedAt !== undefined;
}

/** Returns the id of the object that the entry of that name claims to be. */
export function claimedId({ vault }: Account, name: string): string | undefined {
  const body = vault.objects.get(name);
  const entry = body && { body, clear: vault.clearParts.get(name) };
  if (entry === undefined) return undefined;
  return (isInline(entry) ? decodeInlineClearPart(entry) : decodeManifest(entry.body).clear).objectId;
}
