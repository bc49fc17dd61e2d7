/**
 * Seals an object whose chunks are all written: FORMAT rules 15 to 18. The order is what keeps every promise:
 * chunks verified, manifest written, manifest read back, seal noted, and only then the source deleted. A crash
 * anywhere leaves the source, and a redelivered job goes through it all again.
 */
import type { Plan } from '../object/plan.ts';
import { manifestKey } from '../object/vault-key.ts';
import { FORMAT, manifestContext } from '../object/context.ts';
import { encrypt } from '../envelope/message/encrypt.ts';
import { type Kek, type Keys, kekOf } from '../envelope/kms/kek.ts';
import { PlanChangedError, SourceChangedError } from '../errors.ts';
import type { SourceDescription, Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { Vault } from '../ports/vault.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { type CommitPorts, commit } from './commit.ts';
import { type ClearPart, encodeManifest, encodeSealedPart } from './manifest.ts';
import { stands } from './seal-proof.ts';
import { type Receipts, requireWritten } from './verify-chunks.ts';

export interface SealPorts {
  readonly state: CommitPorts['state'] & Pick<State, 'markSealed' | 'allReceipts' | 'dropReceipt'>;
  readonly sources: Pick<Sources, 'describe' | 'remove'>;
  readonly vault: CommitPorts['vault'] & Pick<Vault, 'listChunks'>;
  readonly keys: Keys;
  readonly now: () => Date;
}

/**
 * Idempotent. No manifest is committed once the signal aborted.
 * @param receipts of every chunk, in order; default those of the state table, which has none of an only chunk
 * @throws SourceChangedError when the source vanished before the seal
 * @throws ChunkChangedError when a chunk is missing, or not the one that its receipt is of
 * @throws PlanChangedError when the object was planned anew meanwhile; its source stays
 * @throws ManifestInvalidError, StorageUnavailableError as `commit`
 * @throws the KMS errors of `encrypt`
 */
export async function seal(
  plan: Plan,
  tenant: Tenant,
  ports: SealPorts,
  signal: AbortSignal,
  receipts: Receipts = ports.state.allReceipts(plan),
): Promise<void> {
  await requireWritten(plan, receipts, ports);
  const description = await describeUnlessSealed(plan, ports);
  const sealedAt = ports.now().toISOString();
  if (description !== 'sealed') {
    const clear = clearPart(plan, tenant, sealedAt);
    const { attributes, checksums } = description;
    const part = encodeSealedPart({ clear, key: plan.key, attributes, checksums });
    const kek = kekOf(tenant, ports.keys, plan.kekArn);
    await commit(plan, async () => await manifestBody(clear, part, kek, signal), ports, signal);
  }
  if (!(await ports.state.markSealed(plan, sealedAt)))
    throw new PlanChangedError(`object ${plan.objectId} was planned anew while it was sealed`);
  await ports.sources.remove(plan.source);
}

/** A source that is gone is no loss if another delivery sealed this very object, or a newer upload overwrote it. */
async function describeUnlessSealed(plan: Plan, ports: SealPorts): Promise<SourceDescription | 'sealed'> {
  try {
    return await ports.sources.describe(plan.source);
  } catch (error) {
    if (!(error instanceof SourceChangedError)) throw error;
    const stored = await ports.vault.getManifest(manifestKey(plan.tenantId, plan.key));
    if (await stands(stored, plan, ports)) return 'sealed';
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
