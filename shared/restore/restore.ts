/** Restores one object: every chunk verified on its way through, the destination committed as a whole or not at all. */
import { chunkKey } from '../chunk/vault-key.ts';
import { chunkContext } from '../envelope/context.ts';
import { decrypt } from '../envelope/decrypt.ts';
import { type Kek, type Keys, kekOf } from '../envelope/kek.ts';
import { AuthenticationFailedError } from '../errors.ts';
import type { Attributes, ClearPart } from '../manifest/manifest.ts';
import { openManifest } from '../manifest/open.ts';
import type { Destination, Destinations, State, Vault } from '../ports.ts';
import { requireActive } from '../tenant/tenant.ts';
import type { RestoreRequest } from './request.ts';

export interface RestorePorts {
  readonly state: Pick<State, 'tenant'>;
  readonly vault: Pick<Vault, 'getManifest' | 'getChunk'>;
  readonly destinations: Destinations;
  readonly keys: Keys;
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
 * @throws the KMS errors of `decrypt`, StorageUnavailableError
 */
export async function restore(
  request: RestoreRequest,
  ports: RestorePorts,
  signal: AbortSignal,
): Promise<Restored> {
  const { tenantId, key, destination } = request;
  const tenant = requireActive(await ports.state.tenant(tenantId), tenantId);
  const { clear, attributes } = await openManifest(tenant, key, ports, signal);
  const content = plaintextOf(clear, kekOf(tenant, ports.keys), ports.vault, signal);
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
    const message = await vault.getChunk(chunkKey(clear.tenantId, clear.objectId, index), signal);
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
