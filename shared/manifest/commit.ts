/**
 * Puts a manifest in its place: FORMAT rule 18. Over nothing, over an older upload of the same key, or over what we
 * never wrote; never over a newer one, whatever is written at the same time.
 */
import type { Plan } from '../object/plan.ts';
import { manifestKey } from '../object/vault-key.ts';
import { PlanChangedError, StorageUnavailableError } from '../errors.ts';
import type { State } from '../ports/state.ts';
import type { Vault } from '../ports/vault.ts';
import { manifestDigest, stands, type StandsPorts } from './seal-proof.ts';

export interface CommitPorts extends StandsPorts {
  readonly state: Pick<State, 'tenantAndPlan' | 'noteManifest'>;
  readonly vault: Pick<Vault, 'getManifest' | 'putManifest'>;
}

/**
 * Commits the manifest that `makeBody` makes, unless the plan's object is sealed already or was overwritten by a
 * newer upload. When it resolves, the one or the other has been read back from the vault.
 * Writes nothing once the signal aborted.
 * @throws ManifestInvalidError when a manifest in the way is malformed, claims an upload nobody planned, or may be
 * of a newer upload or not
 * @throws PlanChangedError when the object was planned anew meanwhile
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
  if (await stands(stored, plan, ports)) return;
  const body = await makeBody();
  await note(plan, body, ports);
  for (;;) {
    // Right before the write, since the note may have taken its time.
    signal.throwIfAborted();
    if (await ports.vault.putManifest(key, body, stored)) break;
    stored = await ports.vault.getManifest(key);
    if (await stands(stored, plan, ports)) return;
  }
  const written = await ports.vault.getManifest(key);
  if (written !== undefined && Buffer.compare(written.body, body) === 0) return;
  if (await stands(written, plan, ports)) return;
  throw new StorageUnavailableError(
    `object ${plan.objectId}: its manifest was written but cannot be read back`,
  );
}

/** Before it is written: whoever finds it in the vault must be able to tell that it is ours. */
async function note(plan: Plan, body: Uint8Array, { state }: CommitPorts): Promise<void> {
  if (await state.noteManifest(plan, manifestDigest(body))) return;
  throw new PlanChangedError(`object ${plan.objectId} was planned anew meanwhile`);
}
