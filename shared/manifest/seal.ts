/**
 * Seals an object whose chunks are all written: FORMAT rules 15 to 18. The order is what keeps every promise:
 * chunks verified, manifest written, manifest read back, seal noted, and only then the source deleted. A crash
 * anywhere leaves the source, and a redelivered job goes through it all again.
 */
import { chunkRange, rangeBytes } from '../chunk/geometry.ts';
import type { Plan } from '../chunk/plan.ts';
import { chunkKey, chunkPrefix, manifestKey } from '../chunk/vault-key.ts';
import { FORMAT, manifestContext } from '../envelope/context.ts';
import { encrypt } from '../envelope/encrypt.ts';
import { isMessageSize } from '../envelope/message-size.ts';
import { SourceChangedError, StorageUnavailableError } from '../errors.ts';
import type { KmsOperations, SourceDescription, Sources, State, StoredManifest, Vault } from '../ports.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { type ClearPart, decodeManifest, encodeManifest, encodeSealedPart } from './manifest.ts';
import { isNewer } from './sequencer.ts';

export interface SealPorts {
  readonly state: Pick<State, 'markSealed'>;
  readonly sources: Pick<Sources, 'describe' | 'remove'>;
  readonly vault: Pick<Vault, 'listChunks' | 'getManifest' | 'putManifest'>;
  readonly kms: KmsOperations;
  readonly now: () => Date;
}

/**
 * Precondition: every chunk of the plan has a receipt. Idempotent.
 * @throws SourceChangedError when the source vanished before the seal
 * @throws StorageUnavailableError when what was written cannot be found again
 * @throws the KMS errors of `encrypt`
 */
export async function seal(plan: Plan, tenant: Tenant, ports: SealPorts): Promise<void> {
  await verifyChunks(plan, ports.vault);
  const description = await describeUnlessSealed(plan, ports);
  const sealedAt = ports.now().toISOString();
  if (description !== 'sealed') await commit(plan, tenant, sealedAt, description, ports);
  await ports.state.markSealed(plan, sealedAt);
  await removeSource(plan, ports);
}

/** Deletes the source version of a sealed object. Idempotent. */
export async function removeSource(plan: Plan, { sources }: Pick<SealPorts, 'sources'>): Promise<void> {
  await sources.remove(plan.source);
}

/** Every chunk is there, in order, and as long as its plaintext demands; lists page by page. */
async function verifyChunks(plan: Plan, vault: SealPorts['vault']): Promise<void> {
  let index = 0;
  for await (const { key, bytes } of vault.listChunks(chunkPrefix(plan.tenantId, plan.objectId))) {
    if (key !== chunkKey(plan.tenantId, plan.objectId, index)) break;
    if (!isMessageSize(bytes, rangeBytes(chunkRange(plan, index)))) break;
    index += 1;
  }
  if (index === plan.chunkCount) return;
  throw new StorageUnavailableError(`object ${plan.objectId}: chunk ${index} is missing or not of its size`);
}

/** A source that is gone is no loss if a concurrent delivery sealed this very object. */
async function describeUnlessSealed(plan: Plan, ports: SealPorts): Promise<SourceDescription | 'sealed'> {
  try {
    return await ports.sources.describe(plan.source);
  } catch (error) {
    if (!(error instanceof SourceChangedError)) throw error;
    const stored = await ports.vault.getManifest(manifestKey(plan.tenantId, plan.key));
    if (stored !== undefined && !replaces(plan, stored)) return 'sealed';
    throw error;
  }
}

/** Writes the manifest over an older one or none. A newer upload of the same key stays: this one was overwritten. */
async function commit(
  plan: Plan,
  tenant: Tenant,
  sealedAt: string,
  description: SourceDescription,
  ports: SealPorts,
): Promise<void> {
  const key = manifestKey(plan.tenantId, plan.key);
  let stored = await ports.vault.getManifest(key);
  if (stored !== undefined && !replaces(plan, stored)) return;
  const body = await manifestBody(plan, tenant, sealedAt, description, ports.kms);
  while (!(await ports.vault.putManifest(key, body, stored))) {
    stored = await ports.vault.getManifest(key);
    if (stored !== undefined && !replaces(plan, stored)) return;
  }
  await verifyManifest(plan, key, body, ports.vault);
}

/** The manifest is durable: read back, it is what was written, or an even newer one. */
async function verifyManifest(
  plan: Plan,
  key: string,
  body: Uint8Array,
  vault: SealPorts['vault'],
): Promise<void> {
  const stored = await vault.getManifest(key);
  if (stored !== undefined && (Buffer.compare(stored.body, body) === 0 || !replaces(plan, stored))) return;
  throw new StorageUnavailableError(
    `object ${plan.objectId}: its manifest was written but cannot be read back`,
  );
}

/** Whether this plan's upload is newer than what is stored. The same upload does not replace itself. */
function replaces(plan: Plan, stored: StoredManifest): boolean {
  return isNewer(plan.source.sequencer, decodeManifest(stored.body).clear.sequencer);
}

async function manifestBody(
  plan: Plan,
  tenant: Tenant,
  sealedAt: string,
  { attributes, checksums }: SourceDescription,
  kms: KmsOperations,
): Promise<Uint8Array> {
  const clear = clearPart(plan, tenant, sealedAt);
  const part = encodeSealedPart({ clear, key: plan.key, attributes, checksums });
  using sealed = await encrypt(
    { tenantId: tenant.tenantId, arn: tenant.kekArn, kms },
    { bytes: part.length, content: [part] },
    manifestContext(plan.tenantId, plan.objectId),
  );
  return encodeManifest({ clear, sealed: sealed.content });
}

function clearPart(plan: Plan, tenant: Tenant, sealedAt: string): ClearPart {
  return {
    format: FORMAT,
    tenantId: plan.tenantId,
    objectId: plan.objectId,
    sizeBytes: plan.sizeBytes,
    chunkBytes: plan.chunkBytes,
    chunkCount: plan.chunkCount,
    kekArn: tenant.kekArn,
    epoch: tenant.epoch,
    sourceVersionId: plan.source.versionId,
    sequencer: plan.source.sequencer,
    sealedAt,
  };
}
