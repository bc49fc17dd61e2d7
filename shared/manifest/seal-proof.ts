/**
 * Whether a manifest that is in the vault stands for an upload: FORMAT rule 18. Who can edit the vault must not make us
 * drop an upload, so a manifest counts only if the state table knows that we wrote it: we note its digest there before
 * we write it. Where it cannot be told which of two uploads is newer, nothing is replaced and nothing dropped.
 */
import { createHash } from 'node:crypto';
import type { Plan } from '../object/plan.ts';
import type { SourceVersion } from '../object/source-version.ts';
import { manifestKey } from '../object/vault-key.ts';
import { ManifestInvalidError, PlanChangedError, SourceChangedError } from '../errors.ts';
import type { Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { StoredManifest, Vault } from '../ports/vault.ts';
import { clearPartOf, inTheWay } from './in-the-way.ts';
import type { ClearPart } from './manifest.ts';
import { sequencerOrder } from './sequencer.ts';

export interface StandsPorts {
  readonly state: Pick<State, 'tenantAndPlan'>;
  readonly sources: Pick<Sources, 'describe'>;
}

/** S3's clocks, and the whole seconds its listings show. */
const TIME_TOLERANCE_MS = 2_000;

/** What is noted of a manifest before it is written. */
export function manifestDigest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}

/**
 * Whether the vault bears out that the plan's object is sealed, or was overwritten by a newer upload that is. Only
 * then may its source go: the state table alone is not believed.
 * @throws ManifestInvalidError as `stands`
 */
export async function isSealed(
  plan: Plan,
  ports: StandsPorts & { readonly vault: Pick<Vault, 'getManifest'> },
): Promise<boolean> {
  if (plan.sealedAt === undefined) return false;
  const stored = await ports.vault.getManifest(manifestKey(plan.tenantId, plan.key));
  return await stands(stored, plan, ports);
}

/**
 * Whether what is stored makes writing needless: this very object, or a newer upload of the key. What the state table
 * says is read after the manifest was, so that a manifest of ours is never taken for somebody else's.
 * @throws ManifestInvalidError when it is malformed, claims an upload nobody planned, cannot be told to be newer, or
 * is older by what S3 says
 * @throws PlanChangedError when the object was planned anew meanwhile
 */
export async function stands(
  stored: StoredManifest | undefined,
  plan: Plan,
  ports: StandsPorts,
): Promise<boolean> {
  if (stored === undefined) return false;
  const clear = clearPartOf(stored, plan);
  if (clear.objectId === plan.objectId) return await isOurs(stored, plan, ports.state);
  const order = sequencerOrder(clear.sequencer, plan.source.sequencer);
  if (order === 'older') return false;
  const other = await plannedAs(clear, plan, ports.state);
  if (order === 'unknown' && !isLater(clear, other, plan)) return false;
  if (other === undefined)
    throw inTheWay(plan, 'claims to be of a newer upload, of which there is no plan, or none any more');
  if (!isNoted(stored, other)) return false;
  await requireNotLater(plan, stored, ports.sources);
  return true;
}

/** A plan may be edited to look older than it is, but not what S3 says: what came after a seal is newer than it. */
async function requireNotLater(
  { source, objectId }: Plan,
  { modifiedAt: sealedAt }: StoredManifest,
  sources: StandsPorts['sources'],
): Promise<void> {
  const uploadedAt = await uploadTime(source, sources);
  if (uploadedAt === undefined || sealedAt === undefined || uploadedAt <= sealedAt) return;
  throw new ManifestInvalidError(
    `object ${objectId} was uploaded at ${uploadedAt}, after the one in its place was sealed, but its plan says that ` +
      `it is older: somebody else wrote the plan. The source is kept; delete the row object#${objectId} of the state ` +
      'table, and the watch plans the upload anew',
  );
}

/** Undefined when it is gone, and there is nothing to lose any more. */
async function uploadTime(
  source: SourceVersion,
  sources: StandsPorts['sources'],
): Promise<string | undefined> {
  try {
    return (await sources.describe(source)).modifiedAt;
  } catch (error) {
    if (error instanceof SourceChangedError) return undefined;
    throw error;
  }
}

async function isOurs(stored: StoredManifest, plan: Plan, state: StandsPorts['state']): Promise<boolean> {
  const { plan: now } = await state.tenantAndPlan(plan.tenantId, plan.objectId);
  if (now?.generation !== plan.generation)
    throw new PlanChangedError(`object ${plan.objectId} was planned anew meanwhile`);
  return isNoted(stored, now);
}

/** A plan that was sealed by an earlier version notes no manifests; its word on the seal is all there is. */
function isNoted({ body }: StoredManifest, { manifestDigests, sealedAt }: Plan): boolean {
  if (manifestDigests === undefined) return sealedAt !== undefined;
  return manifestDigests.has(manifestDigest(body));
}

/**
 * Where the sequencers do not tell, the times of the uploads do, if they are far enough apart. An upload whose plan has
 * expired is older if it was sealed before ours was uploaded.
 */
function isLater(clear: ClearPart, other: Plan | undefined, plan: Plan): boolean {
  const aheadMs = Date.parse(other?.source.uploadedAt ?? clear.sealedAt) - Date.parse(plan.source.uploadedAt);
  if (aheadMs < -TIME_TOLERANCE_MS) return false;
  if (other !== undefined && aheadMs > TIME_TOLERANCE_MS) return true;
  throw inTheWay(plan, 'is of an upload that cannot be told to be older or newer');
}

/** The plan of the upload that the manifest claims to be of. */
async function plannedAs(
  clear: ClearPart,
  plan: Plan,
  state: StandsPorts['state'],
): Promise<Plan | undefined> {
  const { plan: other } = await state.tenantAndPlan(plan.tenantId, clear.objectId);
  const isAsClaimed = other?.source.key === plan.source.key && other.source.sequencer === clear.sequencer;
  return isAsClaimed ? other : undefined;
}
