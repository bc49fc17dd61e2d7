/** What is sealed in an account, by what its state table and its vault say. */
import { decodeInlineClearPart, isInline } from '../../../shared/manifest/inline.ts';
import { decodeManifest } from '../../../shared/manifest/manifest.ts';
import type { ObjectFacts } from '../../../shared/manifest/sealed-part.ts';
import { entryKey } from '../../../shared/object/vault-key.ts';
import { tenantIdSchema } from '../../../shared/tenant/tenant-id.ts';
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
export function claimedId(account: Account, name: string): string | undefined {
  return claimOf(account, name)?.objectId;
}

/** Returns the KEK that an upload is planned under, or sealed under as a small object. */
export function kekArnOf(account: Account, { tenantId, key, objectId }: Uploaded): string | undefined {
  const plan = account.state.plans.get(objectId);
  if (plan !== undefined) return plan.kekArn;
  const claim = claimOf(account, entryKey(tenantIdSchema.parse(tenantId), key));
  return claim?.objectId === objectId ? claim.kekArn : undefined;
}

function claimOf({ vault }: Account, name: string): ObjectFacts | undefined {
  const body = vault.objects.get(name);
  const entry = body && { body, clear: vault.clearParts.get(name) };
  if (entry === undefined) return undefined;
  return isInline(entry) ? decodeInlineClearPart(entry) : decodeManifest(entry.body).clear;
}
