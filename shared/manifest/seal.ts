/**
 * Seals an object whose chunks are all written: FORMAT rules 15 to 18. The order of the steps keeps every promise:
 * chunks verified, manifest written, manifest read back, seal noted, and only then the source deleted. A crash
 * anywhere leaves the source, and a redelivered job goes through all steps again.
 */
import { encrypt } from '../envelope/message/encrypt.ts';
import { type Kek, type Keys, kekOf } from '../envelope/kms/kek.ts';
import { PlanChangedError, SourceChangedError } from '../errors.ts';
import { FORMAT, manifestContext } from '../object/context.ts';
import type { Plan } from '../object/plan.ts';
import { entryKey } from '../object/vault-key.ts';
import type { SourceDescription, Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { Vault } from '../ports/vault.ts';
import type { Tenant } from '../tenant/tenant.ts';
import { commit, type CommitPorts, type Committed } from './commit.ts';
import { type ClearPart, encodeManifest, encodeSealedPart, type SealedPart } from './manifest.ts';
import { standingOf } from './seal-proof.ts';
import { verifyChunks } from './verify-chunks.ts';

/** One planned object, its tenant, and the signal that stops the work on it. */
export interface SealWork {
  readonly tenant: Tenant;
  readonly plan: Plan;
  readonly signal: AbortSignal;
}

export interface SealPorts {
  readonly state: CommitPorts['state'] & Pick<State, 'markSealed' | 'allReceipts' | 'dropReceipt'>;
  readonly sources: Pick<Sources, 'describe' | 'remove'>;
  readonly vault: CommitPorts['vault'] & Pick<Vault, 'listChunks'>;
  readonly keys: Keys;
  readonly now: () => Date;
}

/**
 * Idempotent. No manifest is committed once the signal aborted.
 * @param source the answer of the GET that read the whole source, if this delivery wrote it as its only chunk right now:
 * then S3 has just answered both, and is not asked again. An object of several chunks has none
 * @throws SourceChangedError when the source vanished before the seal
 * @throws ChunkChangedError when a chunk is missing, or is not the one that its receipt is of
 * @throws PlanChangedError when the object was planned anew meanwhile; its source stays
 * @throws ManifestInvalidError, StorageUnavailableError as `commit`
 * @throws the KMS errors of `encrypt`
 */
export async function seal(
  { plan, tenant, signal }: SealWork,
  ports: SealPorts,
  source?: SourceDescription,
): Promise<Committed> {
  if (source === undefined) await verifyChunks(plan, ports.state.allReceipts(plan), ports);
  const description = source ?? (await describeUnlessSealed(plan, ports));
  const sealedAt = ports.now().toISOString();
  let committed: Committed = 'in-place';
  if (description !== 'sealed') {
    const { attributes, checksums } = description;
    const part = { clear: clearPartOf(plan, tenant, sealedAt), key: plan.key, attributes, checksums };
    const kek = kekOf(tenant, ports.keys, plan.kekArn);
    committed = await commit({ plan, signal }, async () => await encryptManifest(part, kek, signal), ports);
  }
  if (!(await ports.state.markSealed(plan, sealedAt)))
    throw new PlanChangedError(`object ${plan.objectId} was planned anew while it was sealed`);
  await ports.sources.remove(plan.source);
  return committed;
}

/**
 * Describes the source, or returns `sealed`: a source that is gone is no loss if another delivery sealed this very
 * object, or a newer upload overwrote it.
 */
async function describeUnlessSealed(plan: Plan, ports: SealPorts): Promise<SourceDescription | 'sealed'> {
  try {
    return await ports.sources.describe(plan.source);
  } catch (error) {
    if (!(error instanceof SourceChangedError)) throw error;
    const stored = await ports.vault.getEntry(entryKey(plan.tenantId, plan.key));
    if ((await standingOf(stored, plan, ports)) !== 'unsealed') return 'sealed';
    throw error;
  }
}

async function encryptManifest(part: SealedPart, kek: Kek, signal: AbortSignal): Promise<Uint8Array> {
  const { clear } = part;
  const plaintext = encodeSealedPart(part);
  const context = manifestContext(clear.tenantId, clear.objectId);
  using sealed = await encrypt(kek, { bytes: plaintext.length, content: [plaintext], signal }, context);
  return encodeManifest({ clear, sealed: sealed.content });
}

function clearPartOf(plan: Plan, { epoch }: Tenant, sealedAt: string): ClearPart {
  const { tenantId, objectId, sizeBytes, chunkBytes, chunkCount, kekArn, source } = plan;
  const { versionId: sourceVersionId, sequencer } = source;
  return {
    format: FORMAT,
    tenantId,
    objectId,
    sizeBytes,
    chunkBytes,
    chunkCount,
    kekArn,
    epoch,
    sourceVersionId,
    sequencer,
    sealedAt,
  };
}
