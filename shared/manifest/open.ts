/** Opens a manifest: FORMAT rules 16 and 17. Only what it says, verified, is trusted by a reader. */
import { manifestKey } from '../object/vault-key.ts';
import { manifestContext } from '../object/context.ts';
import { decryptWhole } from '../envelope/message/decrypt.ts';
import { type Keys, kekOf } from '../envelope/kms/kek.ts';
import { ManifestInvalidError, ObjectUnknownError } from '../errors.ts';
import type { Vault } from '../ports/vault.ts';
import { keksOf, type Tenant } from '../tenant/tenant.ts';
import { decodeManifest, decodeSealedPart, type SealedPart } from './manifest.ts';

/**
 * The sealed part of the manifest of one object of `tenant`, verified against its clear part and its name.
 * @throws ObjectUnknownError when the vault holds no such object
 * @throws ManifestInvalidError when it is malformed, edited, renamed, or another tenant's
 * @throws AuthenticationFailedError, ContextMismatchError and the KMS errors of `decrypt`
 */
export async function openManifest(
  tenant: Tenant,
  key: string,
  { vault, keys }: { readonly vault: Pick<Vault, 'getManifest'>; readonly keys: Keys },
  signal: AbortSignal,
): Promise<SealedPart> {
  const stored = await vault.getManifest(manifestKey(tenant.tenantId, key));
  if (stored === undefined)
    throw new ObjectUnknownError(`tenant ${tenant.tenantId} has no sealed object of that key`);
  const { clear, sealed } = decodeManifest(stored.body);
  if (clear.tenantId !== tenant.tenantId || !keksOf(tenant).some(({ kekArn }) => kekArn === clear.kekArn)) {
    throw new ManifestInvalidError(
      `manifest: not sealed for tenant ${tenant.tenantId} under a key of its own`,
    );
  }
  const part = await decryptWhole(
    kekOf(tenant, keys, clear.kekArn),
    sealed,
    manifestContext(tenant.tenantId, clear.objectId),
    signal,
  );
  return decodeSealedPart(part, clear, key);
}
