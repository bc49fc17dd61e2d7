/**
 * Puts a manifest in its place: FORMAT rule 18. Over nothing or over an older upload of the same key, never over a
 * newer one, whatever is written at the same time. A manifest that stands in the way is believed to be newer only if
 * the state table knows of that upload: who can edit the vault must not make us drop an upload.
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

/**
 * Commits the manifest that `makeBody` makes, unless the plan's object is sealed already or was overwritten by a
 * newer upload. When it resolves, the one or the other has been read back from the vault.
 * Writes nothing once the signal aborted.
 * @throws ManifestInvalidError when a manifest in the way is malformed or claims an upload nobody planned
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
  if (!isNewer(clear.sequencer, plan.source.sequencer)) return false;
  await requirePlanned(clear, plan, state);
  return true;
}

async function requirePlanned(clear: ClearPart, plan: Plan, state: CommitPorts['state']): Promise<void> {
  const { plan: newer } = await state.tenantAndPlan(plan.tenantId, clear.objectId);
  if (newer?.source.key === plan.source.key && newer.source.sequencer === clear.sequencer) return;
  throw new ManifestInvalidError(
    `the manifest in the place of object ${plan.objectId} claims to be newer, but no such upload was planned`,
  );
}
