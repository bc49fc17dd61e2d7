/** Restores one object: every chunk verified on its way through, the destination committed as a whole or not at all. */
import { chunkRange, rangeBytes } from '../object/geometry.ts';
import { chunkKey } from '../object/vault-key.ts';
import { chunkContext } from '../object/context.ts';
import { decrypt } from '../envelope/message/decrypt.ts';
import { firstLine } from '../envelope/message/first-line.ts';
import { type Kek, type Keys, kekOf } from '../envelope/kms/kek.ts';
import { maxMessageBytes } from '../envelope/message/message-size.ts';
import { AuthenticationFailedError } from '../errors.ts';
import type { ClearPart } from '../manifest/manifest.ts';
import type { Attributes } from '../object/attributes.ts';
import { openManifest } from '../manifest/open.ts';
import type { Destination, Destinations } from '../ports/destinations.ts';
import type { Tenants } from '../ports/tenants.ts';
import type { Vault } from '../ports/vault.ts';
import type { Guard } from '../revocation/guard.ts';
import { requireWorking } from '../tenant/admission.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { RestoreRequest } from './request.ts';

export interface RestorePorts {
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly vault: Pick<Vault, 'getManifest' | 'getChunk'>;
  readonly destinations: Destinations;
  readonly keys: Keys;
  readonly guard: Guard;
}

export interface Restored {
  readonly tenantId: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly chunkCount: number;
  readonly destination: Destination;
  readonly attributes: Attributes;
}

/**
 * @throws TenantUnknownError, TenantRevokedError, ObjectUnknownError, ManifestInvalidError
 * @throws ContextMismatchError, AuthenticationFailedError when a chunk is missing, altered, or not this object's
 * @throws EpochChangedError when the tenant's key changed meanwhile; what was written is undone
 * @throws the KMS errors of `decrypt`, StorageUnavailableError
 */
export async function restore(
  request: RestoreRequest,
  ports: RestorePorts,
  signal: AbortSignal,
): Promise<Restored> {
  const { tenantId } = request;
  const tenant = requireWorking(await ports.tenants.tenant(tenantId), tenantId, 'restores');
  return await ports.guard(tenant, signal, async (guarded) => await write(tenant, request, ports, guarded));
}

async function write(
  tenant: Tenant,
  { tenantId, key, destination }: RestoreRequest,
  ports: RestorePorts,
  signal: AbortSignal,
): Promise<Restored> {
  const { clear, attributes } = await openManifest(tenant, key, ports, signal);
  const content = plaintextOf(clear, kekOf(tenant, ports.keys, clear.kekArn), ports.vault, signal);
  await ports.destinations.write(destination, attributes, clear.sizeBytes, content, signal);
  return { tenantId, key, sizeBytes: clear.sizeBytes, chunkCount: clear.chunkCount, destination, attributes };
}

/** The object's plaintext in order. Throws rather than end short of `sizeBytes`. */
async function* plaintextOf(
  clear: ClearPart,
  kek: Kek,
  vault: RestorePorts['vault'],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let restoredBytes = 0;
  for (let index = 0; index < clear.chunkCount; index += 1) {
    const key = chunkKey(clear.tenantId, clear.objectId, index);
    const message = await vault.getChunk(key, maxChunkMessageBytes(clear, index), signal);
    if (message === undefined)
      throw new AuthenticationFailedError(`object ${clear.objectId}: chunk ${index} is missing`);
    for await (const frame of decrypt(kek, message, chunkContext(clear, index), signal)) {
      restoredBytes += frame.length;
      yield frame;
    }
  }
  if (restoredBytes === clear.sizeBytes) return;
  throw new AuthenticationFailedError(`object ${clear.objectId}: its chunks do not add up to its size`);
}

/** FORMAT rule 9, for a message of a shared DEK, which is the longer one. */
function maxChunkMessageBytes(clear: ClearPart, index: number): number {
  const lineBytes = firstLine(chunkContext(clear, index)).length;
  return maxMessageBytes(lineBytes + rangeBytes(chunkRange(clear, index)));
}
