/** Opens an object by its name: FORMAT rules 16, 17 and 31. A reader trusts only what an opened entry says. */
import { decryptWhole } from '../envelope/message/decrypt.ts';
import { type Keys, kekOf } from '../envelope/kms/kek.ts';
import { ManifestInvalidError, ObjectUnknownError } from '../errors.ts';
import { inlineContext, manifestContext } from '../object/context.ts';
import { entryKey } from '../object/vault-key.ts';
import type { Entry, Vault } from '../ports/vault.ts';
import { keksOf, type Tenant } from '../tenant/tenant.ts';
import { decodeInline, decodeInlineClearPart, type InlineObject, isInline } from './inline.ts';
import { decodeManifest, decodeSealedPart, type SealedPart } from './manifest.ts';
import type { ObjectFacts } from './sealed-part.ts';

/** The name of one object, its tenant, and the signal that stops the work on it. */
export interface OpenRequest {
  readonly tenant: Tenant;
  readonly key: string;
  readonly signal: AbortSignal;
}

export interface OpenPorts {
  readonly vault: Pick<Vault, 'getEntry'>;
  readonly keys: Keys;
}

/**
 * An opened object. A chunked one is known by its manifest, and its content is in its chunks. An inline one is here
 * with its content.
 */
export type OpenedObject =
  | ({ readonly kind: 'chunked' } & SealedPart)
  | ({ readonly kind: 'inline'; readonly content: Uint8Array } & InlineObject['head']);

/**
 * Returns what is sealed under the object's name, verified against its clear part and its name.
 * @throws ObjectUnknownError when the vault holds no such object
 * @throws ManifestInvalidError when it is malformed, edited, renamed, or another tenant's
 * @throws AuthenticationFailedError, ContextMismatchError and the KMS errors of `decrypt`
 */
export async function openObject(
  { tenant, key, signal }: OpenRequest,
  { vault, keys }: OpenPorts,
): Promise<OpenedObject> {
  const { tenantId } = tenant;
  const entry = await vault.getEntry(entryKey(tenantId, key));
  if (entry === undefined)
    throw new ObjectUnknownError(`tenant ${tenantId} has no sealed object of that key`);
  signal.throwIfAborted();
  const open = isInline(entry) ? openInline : openManifest;
  return await open(entry, { tenant, key, keys });
}

interface Opening extends Omit<OpenRequest, 'signal'> {
  readonly keys: Keys;
}

async function openManifest({ body }: Entry, { tenant, key, keys }: Opening): Promise<OpenedObject> {
  const { clear, sealed } = decodeManifest(body);
  requireOwn(clear, tenant);
  const context = manifestContext(clear.tenantId, clear.objectId);
  const part = await decryptWhole(kekOf(tenant, keys, clear.kekArn), sealed, context);
  return { kind: 'chunked', ...decodeSealedPart(part, clear, key) };
}

async function openInline(entry: Entry, { tenant, key, keys }: Opening): Promise<OpenedObject> {
  const clear = decodeInlineClearPart(entry);
  requireOwn(clear, tenant);
  const context = inlineContext(clear.tenantId, clear.objectId);
  const plaintext = await decryptWhole(kekOf(tenant, keys, clear.kekArn), entry.body, context);
  const { head, content } = decodeInline(plaintext, clear, key);
  return { kind: 'inline', ...head, content };
}

/** @throws ManifestInvalidError when the clear part names another tenant, or a KEK that this tenant never had */
function requireOwn({ tenantId, kekArn }: ObjectFacts, tenant: Tenant): void {
  if (tenantId === tenant.tenantId && keksOf(tenant).some((kek) => kek.kekArn === kekArn)) return;
  throw new ManifestInvalidError(`manifest: not sealed for tenant ${tenant.tenantId} under a key of its own`);
}
