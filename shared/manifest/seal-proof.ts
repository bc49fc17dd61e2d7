/**
 * Decides if the vault proves an upload sealed: FORMAT rule 18. Somebody who can edit the vault must not make us drop
 * an upload. So a manifest counts only if the state table knows that we wrote it: we note its digest there before we
 * write it. When nothing tells which of two uploads is newer, neither is replaced or dropped.
 */
import { createHash } from 'node:crypto';
import { ManifestInvalidError, PlanChangedError, SourceChangedError } from '../errors.ts';
import type { Plan } from '../object/plan.ts';
import { entryKey, supersededKey } from '../object/vault-key.ts';
import type { SourceDescription, Sources } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { StoredEntry, Vault } from '../ports/vault.ts';
import { decodeClaim } from './claim.ts';
import { conflictError, type Contender, unknownOrder } from './conflict.ts';
import { compareUploads } from './upload-order.ts';

export interface ProofPorts {
  readonly state: Pick<State, 'tenantAndPlan'>;
  readonly sources: Pick<Sources, 'describe'>;
}

/**
 * The standing of a plan's object against what rests in its place. `unsealed`: its manifest is to be written there.
 * `sealed`: nothing needs to be written, because its manifest is there, or a newer upload's is. `superseded`: a small
 * object that claims to be newer is there, which nothing proves, so the manifest is to be kept beside it.
 */
export type Standing = 'unsealed' | 'sealed' | 'superseded';

/** Returns the digest that is noted of a manifest before it is written. */
export function manifestDigest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}

/**
 * True when the vault proves that the plan's object is sealed, or was overwritten by a newer upload that is. Only then
 * may its source be deleted: the state table alone is not believed.
 * @throws ManifestInvalidError as `standingOf`
 */
export async function isSealed(
  plan: Plan,
  ports: ProofPorts & { readonly vault: Pick<Vault, 'getEntry'> },
): Promise<boolean> {
  if (plan.sealedAt === undefined) return false;
  const { tenantId, key, objectId } = plan;
  const standing = await standingOf(await ports.vault.getEntry(entryKey(tenantId, key)), plan, ports);
  if (standing !== 'superseded') return standing === 'sealed';
  const kept = await ports.vault.getEntry(supersededKey(tenantId, objectId));
  if (kept !== undefined && (await isOurs(kept, plan, ports.state))) return true;
  // It may have been sealed in its place before the newer upload came. If its source is gone, nothing can be lost.
  return await isGone(plan, ports.sources);
}

/**
 * Compares the plan's object with what is stored in its place. The state table is read after the entry was, so that a
 * manifest of ours is never taken for somebody else's.
 * @throws ManifestInvalidError when the entry is malformed, claims an upload nobody planned, cannot be told to be
 * newer, or is older by what S3 says
 * @throws PlanChangedError when the object was planned anew meanwhile
 */
export async function standingOf(
  stored: StoredEntry | undefined,
  plan: Plan,
  ports: ProofPorts,
): Promise<Standing> {
  if (stored === undefined) return 'unsealed';
  const claim = decodeClaim(stored, plan);
  if (claim.objectId === plan.objectId)
    return (await isOurs(stored, plan, ports.state)) ? 'sealed' : 'unsealed';
  const { order, other } = await compareUploads(claim, plan, ports.state);
  if (order === 'older') return 'unsealed';
  if (order === 'unknown') throw unknownOrder(plan);
  if (claim.kind === 'manifest') {
    if (other === undefined)
      throw conflictError(
        plan,
        'claims to be of a newer upload, of which there is no plan, or none any more',
      );
    if (!isNoted(stored, other)) return 'unsealed';
  }
  requireNotLater(plan, stored, await readUploadTime(plan, ports.sources));
  return claim.kind === 'manifest' ? 'sealed' : 'superseded';
}

/**
 * Requires by S3's times that the upload is not later than the seal in its place. Somebody may edit a plan or an entry
 * so that the upload looks older, but not S3's times.
 */
export function requireNotLater(
  { tenantId, key, objectId }: Contender,
  { modifiedAt: sealedAt }: StoredEntry,
  uploadedAt: string | undefined,
): void {
  if (uploadedAt === undefined || sealedAt === undefined || uploadedAt <= sealedAt) return;
  throw new ManifestInvalidError(
    `object ${objectId} was uploaded at ${uploadedAt}, after the one in its place was sealed, but the one in its place ` +
      'claims to be newer: somebody else wrote that claim, or the plan. The source is kept. If the row ' +
      `object#${objectId} of the state table exists, delete it; else delete ${entryKey(tenantId, key)} in the vault. ` +
      'Then the watch plans the upload anew',
  );
}

/** Returns undefined when the source is gone: then there is nothing to lose any more. */
async function readUploadTime(plan: Plan, sources: ProofPorts['sources']): Promise<string | undefined> {
  return (await describeIfThere(plan, sources))?.modifiedAt;
}

async function isGone(plan: Plan, sources: ProofPorts['sources']): Promise<boolean> {
  return (await describeIfThere(plan, sources)) === undefined;
}

async function describeIfThere(
  { source }: Plan,
  sources: ProofPorts['sources'],
): Promise<SourceDescription | undefined> {
  try {
    return await sources.describe(source);
  } catch (error) {
    if (error instanceof SourceChangedError) return undefined;
    throw error;
  }
}

async function isOurs(stored: StoredEntry, plan: Plan, state: ProofPorts['state']): Promise<boolean> {
  const { plan: now } = await state.tenantAndPlan(plan.tenantId, plan.objectId);
  if (now?.generation !== plan.generation)
    throw new PlanChangedError(`object ${plan.objectId} was planned anew meanwhile`);
  return isNoted(stored, now);
}

/**
 * True when the plan notes this manifest. A plan that version 0.1.0 sealed notes no manifests, so only its own time of
 * sealing can tell.
 */
function isNoted({ body, clear }: StoredEntry, { manifestDigests, sealedAt }: Plan): boolean {
  // A manifest that somebody gave a clear part beside it is read as a small object, and opens as none.
  if (clear !== undefined) return false;
  if (manifestDigests === undefined) return sealedAt !== undefined;
  return manifestDigests.has(manifestDigest(body));
}
