/**
 * Restores one object: every chunk is verified on its way through, and the destination is committed as a whole or not
 * at all.
 */
import { decrypt } from '../envelope/message/decrypt.ts';
import { type Keys, kekOf } from '../envelope/kms/kek.ts';
import { AuthenticationFailedError } from '../errors.ts';
import { maxChunkBytes } from '../manifest/chunk-size.ts';
import type { ClearPart } from '../manifest/manifest.ts';
import { openObject } from '../manifest/open.ts';
import type { Attributes } from '../object/attributes.ts';
import { chunkContext } from '../object/context.ts';
import { chunkKey } from '../object/vault-key.ts';
import type { Destination, Destinations } from '../ports/destinations.ts';
import type { Tenants } from '../ports/tenants.ts';
import type { Vault } from '../ports/vault.ts';
import type { Guard } from '../revocation/guard.ts';
import { requireWorking } from '../tenant/admission.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { RestoreRequest } from './request.ts';

export interface RestorePorts {
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly vault: Pick<Vault, 'getEntry' | 'getChunk'>;
  readonly destinations: Destinations;
  readonly keys: Keys;
  readonly guard: Guard;
}

export interface Restored {
  readonly tenantId: string;
  readonly key: string;
  readonly sizeBytes: number;
  /** 0 for a small object, which rests as one message without chunks. */
  readonly chunkCount: number;
  readonly destination: Destination;
  readonly attributes: Attributes;
}

/** A request whose tenant may restore, and the signal that stops the work on it. */
interface RestoreWork extends RestoreRequest {
  readonly tenant: Tenant;
  readonly signal: AbortSignal;
}

/**
 * Restores the object that the request names to the request's destination.
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
  return await ports.guard(
    tenant,
    signal,
    async (guarded) => await writeObject({ ...request, tenant, signal: guarded }, ports),
  );
}

async function writeObject(work: RestoreWork, ports: RestorePorts): Promise<Restored> {
  const { tenantId, key, destination, signal } = work;
  const opened = await openObject(work, ports);
  const { attributes, clear } = opened;
  const { sizeBytes } = clear;
  const content = opened.kind === 'inline' ? [opened.content] : plaintextOf(opened.clear, work, ports);
  await ports.destinations.write({ destination, attributes, sizeBytes, content }, signal);
  const chunkCount = opened.kind === 'inline' ? 0 : opened.clear.chunkCount;
  return { tenantId, key, sizeBytes, chunkCount, destination, attributes };
}

/** Yields the object's plaintext in order. It throws rather than end short of `sizeBytes`. */
async function* plaintextOf(
  clear: ClearPart,
  { tenant, signal }: RestoreWork,
  { keys, vault }: RestorePorts,
): AsyncGenerator<Uint8Array> {
  const kek = kekOf(tenant, keys, clear.kekArn);
  let restoredBytes = 0;
  for (let index = 0; index < clear.chunkCount; index += 1) {
    const key = chunkKey(clear.tenantId, clear.objectId, index);
    const message = await vault.getChunk(key, maxChunkBytes(clear, index), signal);
    if (message === undefined)
      throw new AuthenticationFailedError(`object ${clear.objectId}: chunk ${index} is missing`);
    for await (const frame of decrypt(kek, { content: message, signal }, chunkContext(clear, index))) {
      restoredBytes += frame.length;
      yield frame;
    }
  }
  if (restoredBytes === clear.sizeBytes) return;
  throw new AuthenticationFailedError(`object ${clear.objectId}: its chunks do not add up to its size`);
}
