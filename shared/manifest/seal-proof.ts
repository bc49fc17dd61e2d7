/**
 * Decides if a manifest in the vault proves an upload sealed: FORMAT rule 18. Somebody who can edit the vault must not
 * make us drop an upload. So a manifest counts only if the state table knows that we wrote it: we note its digest there
 * before we write it. When nothing tells which of two uploads is newer, neither is replaced or dropped.
 */
import { createHash } from 'node:crypto';
import { ManifestInvalidError, PlanChangedError, SourceChangedError } from '../errors.ts';
import type { Plan } from '../object/plan.ts';
import { manifestKey } from '../object/vault-key.ts';
import type { Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { StoredManifest, Vault } from '../ports/vault.ts';
import { conflictError, decodeClearPart } from './conflict.ts';
import type { ClearPart } from './manifest.ts';
import { sequencerOrder } from './sequencer.ts';

export interface ProofPorts {
  readonly state: Pick<State, 'tenantAndPlan'>;
  readonly sources: Pick<Sources, 'describe'>;
}

/** The difference that S3's clocks may have. Its listings show whole seconds. */
const TIME_TOLERANCE_MS = 2_000;

/** Returns the digest that is noted of a manifest before it is written. */
export function manifestDigest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}

/**
 * True when the vault proves that the plan's object is sealed, or was overwritten by a newer upload that is. Only then
 * may its source be deleted: the state table alone is not believed.
 * @throws ManifestInvalidError as `provesSeal`
 */
export async function isSealed(
  plan: Plan,
  ports: ProofPorts & { readonly vault: Pick<Vault, 'getManifest'> },
): Promise<boolean> {
  if (plan.sealedAt === undefined) return false;
  const stored = await ports.vault.getManifest(manifestKey(plan.tenantId, plan.key));
  return await provesSeal(stored, plan, ports);
}

/**
 * True when the stored manifest is of the plan's object, or of a newer upload of its key: then nothing needs to be
 * written. The state table is read after the manifest was, so that a manifest of ours is never taken for somebody
 * else's.
 * @throws ManifestInvalidError when the manifest is malformed, claims an upload nobody planned, cannot be told to be
 * newer, or is older by what S3 says
 * @throws PlanChangedError when the object was planned anew meanwhile
 */
export async function provesSeal(
  stored: StoredManifest | undefined,
  plan: Plan,
  ports: ProofPorts,
): Promise<boolean> {
  if (stored === undefined) return false;
  const clear = decodeClearPart(stored, plan);
  if (clear.objectId === plan.objectId) return await isOurs(stored, plan, ports.state);
  const order = sequencerOrder(clear.sequencer, plan.source.sequencer);
  if (order === 'older') return false;
  const other = await findPlanOf(clear, plan, ports.state);
  if (order === 'unknown' && !isLater(clear, other, plan)) return false;
  if (other === undefined)
    throw conflictError(plan, 'claims to be of a newer upload, of which there is no plan, or none any more');
  if (!isNoted(stored, other)) return false;
  await requireNotLater(plan, stored, ports.sources);
  return true;
}

/**
 * Requires by S3's times that the upload is not later than the seal in its place. Somebody may edit a plan so that it
 * looks older, but not S3's times.
 */
async function requireNotLater(
  plan: Plan,
  { modifiedAt: sealedAt }: StoredManifest,
  sources: ProofPorts['sources'],
): Promise<void> {
  const { objectId } = plan;
  const uploadedAt = await readUploadTime(plan, sources);
  if (uploadedAt === undefined || sealedAt === undefined || uploadedAt <= sealedAt) return;
  throw new ManifestInvalidError(
    `object ${objectId} was uploaded at ${uploadedAt}, after the one in its place was sealed, but its plan says that ` +
      `it is older: somebody else wrote the plan. The source is kept; delete the row object#${objectId} of the state ` +
      'table, and the watch plans the upload anew',
  );
}

/** Returns undefined when the source is gone: then there is nothing to lose any more. */
async function readUploadTime({ source }: Plan, sources: ProofPorts['sources']): Promise<string | undefined> {
  try {
    return (await sources.describe(source)).modifiedAt;
  } catch (error) {
    if (error instanceof SourceChangedError) return undefined;
    throw error;
  }
}

async function isOurs(stored: StoredManifest, plan: Plan, state: ProofPorts['state']): Promise<boolean> {
  const { plan: now } = await state.tenantAndPlan(plan.tenantId, plan.objectId);
  if (now?.generation !== plan.generation)
    throw new PlanChangedError(`object ${plan.objectId} was planned anew meanwhile`);
  return isNoted(stored, now);
}

/**
 * True when the plan notes this manifest. A plan that version 0.1.0 sealed notes no manifests, so only its own time of
 * sealing can tell.
 */
function isNoted({ body }: StoredManifest, { manifestDigests, sealedAt }: Plan): boolean {
  if (manifestDigests === undefined) return sealedAt !== undefined;
  return manifestDigests.has(manifestDigest(body));
}

/**
 * True when the manifest's upload is the later one. The times of the uploads tell that when the sequencers do not, if
 * the times are far enough apart. An upload whose plan has expired is older if it was sealed before ours was uploaded.
 */
function isLater(clear: ClearPart, other: Plan | undefined, plan: Plan): boolean {
  const aheadMs = Date.parse(other?.source.uploadedAt ?? clear.sealedAt) - Date.parse(plan.source.uploadedAt);
  if (aheadMs < -TIME_TOLERANCE_MS) return false;
  if (other !== undefined && aheadMs > TIME_TOLERANCE_MS) return true;
  throw conflictError(plan, 'is of an upload that cannot be told to be older or newer');
}

/** Returns the plan of the upload that the manifest claims to be of; undefined when there is none that fits. */
async function findPlanOf(
  clear: ClearPart,
  plan: Plan,
  state: ProofPorts['state'],
): Promise<Plan | undefined> {
  const { plan: other } = await state.tenantAndPlan(plan.tenantId, clear.objectId);
  const isAsClaimed = other?.source.key === plan.source.key && other.source.sequencer === clear.sequencer;
  return isAsClaimed ? other : undefined;
}
