/**
 * Puts a manifest in its place: FORMAT rule 18. Over nothing or over an older upload of the same key, never over a
 * newer one, whatever is written at the same time. A manifest that stands in the way is believed to be newer only if
 * the state table knows of that upload: who can edit the vault must not make us drop an upload. Where it cannot be
 * told which is newer, nothing is replaced and nothing dropped.
 */
import type { Plan } from '../chunk/plan.ts';
import { manifestKey } from '../chunk/vault-key.ts';
import { ManifestInvalidError, StorageUnavailableError } from '../errors.ts';
import type { State, StoredManifest, Vault } from '../ports.ts';
import { type ClearPart, decodeManifest } from './manifest.ts';
import { isNewer } from './sequencer.ts';

export interface CommitPorts {
  readonly state: Pick<State, 'tenantAndPlan'>;
  readonly vault: Pick<Vault, 'getManifest' | 'putManifest'>;
}

/** S3's clocks, and the whole seconds its listings show. */
const TIME_TOLERANCE_MS = 2_000;

/**
 * Commits the manifest that `makeBody` makes, unless the plan's object is sealed already or was overwritten by a
 * newer upload. When it resolves, the one or the other has been read back from the vault.
 * Writes nothing once the signal aborted.
 * @throws ManifestInvalidError when a manifest in the way is malformed, claims an upload nobody planned, or may be
 * of a newer upload or not
 * @throws StorageUnavailableError when what was written is not what is read back
 */
export async function commit(
  plan: Plan,
  makeBody: () => Promise<Uint8Array>,
  ports: CommitPorts,
  signal: AbortSignal,
): Promise<void> {
  const key = manifestKey(plan.tenantId, plan.key);
  let stored = await ports.vault.getManifest(key);
  if (await stands(stored, plan, ports.state)) return;
  const body = await makeBody();
  signal.throwIfAborted();
  while (!(await ports.vault.putManifest(key, body, stored))) {
    signal.throwIfAborted();
    stored = await ports.vault.getManifest(key);
    if (await stands(stored, plan, ports.state)) return;
  }
  const written = await ports.vault.getManifest(key);
  if (written !== undefined && Buffer.compare(written.body, body) === 0) return;
  if (await stands(written, plan, ports.state)) return;
  throw new StorageUnavailableError(
    `object ${plan.objectId}: its manifest was written but cannot be read back`,
  );
}

/** Whether what is stored makes writing needless: this very object, or a newer upload of the key. */
export async function stands(
  stored: StoredManifest | undefined,
  plan: Plan,
  state: CommitPorts['state'],
): Promise<boolean> {
  if (stored === undefined) return false;
  const { clear } = decodeManifest(stored.body);
  if (clear.objectId === plan.objectId) return true;
  if (clear.sequencer === '' || plan.source.sequencer === '') return await isLater(clear, plan, state);
  if (!isNewer(clear.sequencer, plan.source.sequencer)) return false;
  if ((await plannedAs(clear, plan, state)) !== undefined) return true;
  throw new ManifestInvalidError(
    `the manifest in the place of object ${plan.objectId} claims to be newer, but no such upload was planned`,
  );
}

/**
 * Without both sequencers the times of the uploads tell, if they are far enough apart. An upload whose plan has
 * expired is older if it was sealed before ours was uploaded.
 */
async function isLater(clear: ClearPart, plan: Plan, state: CommitPorts['state']): Promise<boolean> {
  const other = await plannedAs(clear, plan, state);
  const aheadMs = Date.parse(other?.source.uploadedAt ?? clear.sealedAt) - Date.parse(plan.source.uploadedAt);
  if (aheadMs < -TIME_TOLERANCE_MS) return false;
  if (other !== undefined && aheadMs > TIME_TOLERANCE_MS) return true;
  throw new ManifestInvalidError(
    `it cannot be told whether object ${plan.objectId} or the one sealed in its place is newer; the source is kept`,
  );
}

/** The plan of the upload that the manifest claims to be of. */
async function plannedAs(
  clear: ClearPart,
  plan: Plan,
  state: CommitPorts['state'],
): Promise<Plan | undefined> {
  const { plan: other } = await state.tenantAndPlan(plan.tenantId, clear.objectId);
  const isAsClaimed = other?.source.key === plan.source.key && other.source.sequencer === clear.sequencer;
  return isAsClaimed ? other : undefined;
}
