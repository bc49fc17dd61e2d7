/** Opens a manifest: FORMAT rules 16 and 17. A reader trusts only what an opened manifest says. */
import { decryptWhole } from '../envelope/message/decrypt.ts';
import { type Keys, kekOf } from '../envelope/kms/kek.ts';
import { ManifestInvalidError, ObjectUnknownError } from '../errors.ts';
import { manifestContext } from '../object/context.ts';
import { manifestKey } from '../object/vault-key.ts';
import type { Vault } from '../ports/vault.ts';
import { keksOf, type Tenant } from '../tenant/tenant.ts';
import { decodeManifest, decodeSealedPart, type SealedPart } from './manifest.ts';

/** The name of one object, its tenant, and the signal that stops the work on it. */
export interface OpenRequest {
  readonly tenant: Tenant;
  readonly key: string;
  readonly signal: AbortSignal;
}

export interface OpenPorts {
  readonly vault: Pick<Vault, 'getManifest'>;
  readonly keys: Keys;
}

/**
 * Returns the sealed part of the object's manifest, verified against its clear part and its name.
 * @throws ObjectUnknownError when the vault holds no such object
 * @throws ManifestInvalidError when the manifest is malformed, edited, renamed, or another tenant's
 * @throws AuthenticationFailedError, ContextMismatchError and the KMS errors of `decrypt`
 */
export async function openManifest(
  { tenant, key, signal }: OpenRequest,
  { vault, keys }: OpenPorts,
): Promise<SealedPart> {
  const { tenantId } = tenant;
  const stored = await vault.getManifest(manifestKey(tenantId, key));
  if (stored === undefined)
    throw new ObjectUnknownError(`tenant ${tenantId} has no sealed object of that key`);
  const { clear, sealed } = decodeManifest(stored.body);
  if (clear.tenantId !== tenantId || !keksOf(tenant).some(({ kekArn }) => kekArn === clear.kekArn)) {
    throw new ManifestInvalidError(`manifest: not sealed for tenant ${tenantId} under a key of its own`);
  }
  const context = manifestContext(tenantId, clear.objectId);
  signal.throwIfAborted();
  const part = await decryptWhole(kekOf(tenant, keys, clear.kekArn), sealed, context);
  return decodeSealedPart(part, clear, key);
}
