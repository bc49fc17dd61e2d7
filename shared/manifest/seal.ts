/**
 * Seals an object whose chunks are all written: FORMAT rules 15 to 18. The order is what keeps every promise:
 * chunks verified, manifest written, manifest read back, seal noted, and only then the source deleted. A crash
 * anywhere leaves the source, and a redelivered job goes through it all again.
 */
import { chunkRange, rangeBytes } from '../chunk/geometry.ts';
import type { Plan } from '../chunk/plan.ts';
import { chunkKey, chunkPrefix, manifestKey } from '../chunk/vault-key.ts';
import { chunkContext, FORMAT, manifestContext } from '../envelope/context.ts';
import { encrypt } from '../envelope/encrypt.ts';
import { firstLine } from '../envelope/first-line.ts';
import { type Kek, type Keys, kekOf } from '../envelope/kek.ts';
import { isMessageSize } from '../envelope/message-size.ts';
import { SourceChangedError, StorageUnavailableError } from '../errors.ts';
import type { SourceDescription, Sources, State, Vault } from '../ports.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { type CommitPorts, commit, stands } from './commit.ts';
import { type ClearPart, encodeManifest, encodeSealedPart } from './manifest.ts';

export interface SealPorts {
  readonly state: Pick<State, 'markSealed' | 'tenantAndPlan'>;
  readonly sources: Pick<Sources, 'describe' | 'remove'>;
  readonly vault: CommitPorts['vault'] & Pick<Vault, 'listChunks'>;
  readonly keys: Keys;
  readonly now: () => Date;
}

/**
 * Precondition: every chunk of the plan has a receipt. Idempotent. No manifest is committed once the signal aborted.
 * @throws SourceChangedError when the source vanished before the seal
 * @throws StorageUnavailableError when what was written cannot be found again
 * @throws the KMS errors of `encrypt`
 */
export async function seal(plan: Plan, tenant: Tenant, ports: SealPorts, signal: AbortSignal): Promise<void> {
  await verifyChunks(plan, ports.vault);
  const description = await describeUnlessSealed(plan, ports);
  const sealedAt = ports.now().toISOString();
  if (description !== 'sealed') {
    const clear = clearPart(plan, tenant, sealedAt);
    const { attributes, checksums } = description;
    const part = encodeSealedPart({ clear, key: plan.key, attributes, checksums });
    const kek = kekOf(tenant, ports.keys, plan.kekArn);
    await commit(plan, async () => await manifestBody(clear, part, kek, signal), ports, signal);
  }
  await ports.state.markSealed(plan, sealedAt);
  await ports.sources.remove(plan.source);
}

/** Every chunk is there, in order, and as long as its plaintext demands; lists page by page. */
async function verifyChunks(plan: Plan, vault: SealPorts['vault']): Promise<void> {
  let index = 0;
  for await (const { key, bytes } of vault.listChunks(chunkPrefix(plan.tenantId, plan.objectId))) {
    if (index === plan.chunkCount || key !== chunkKey(plan.tenantId, plan.objectId, index)) break;
    if (!isChunkSize(bytes, plan, index)) break;
    index += 1;
  }
  if (index === plan.chunkCount) return;
  throw new StorageUnavailableError(`object ${plan.objectId}: chunk ${index} is missing or not of its size`);
}

/** FORMAT rule 9: of a DEK of its own, or of a shared one, with its context in its first line. */
function isChunkSize(bytes: number, plan: Plan, index: number): boolean {
  const plaintextBytes = rangeBytes(chunkRange(plan, index));
  if (isMessageSize(bytes, plaintextBytes)) return true;
  return isMessageSize(bytes, firstLine(chunkContext(plan, index)).length + plaintextBytes);
}

/** A source that is gone is no loss if another delivery sealed this very object, or a newer upload overwrote it. */
async function describeUnlessSealed(plan: Plan, ports: SealPorts): Promise<SourceDescription | 'sealed'> {
  try {
    return await ports.sources.describe(plan.source);
  } catch (error) {
    if (!(error instanceof SourceChangedError)) throw error;
    const stored = await ports.vault.getManifest(manifestKey(plan.tenantId, plan.key));
    if (await stands(stored, plan, ports.state)) return 'sealed';
    throw error;
  }
}

async function manifestBody(
  clear: ClearPart,
  part: Uint8Array,
  kek: Kek,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const context = manifestContext(clear.tenantId, clear.objectId);
  using sealed = await encrypt(kek, { bytes: part.length, content: [part] }, context, signal);
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
    kekArn: plan.kekArn,
    epoch: tenant.epoch,
    sourceVersionId: plan.source.versionId,
    sequencer: plan.source.sequencer,
    sealedAt,
  };
}
