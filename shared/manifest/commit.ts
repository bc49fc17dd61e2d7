/**
 * Puts a manifest in its place: FORMAT rule 18. It is written over nothing, over an older upload of the same key, or
 * over what we never wrote; never over a newer upload, whatever is written at the same time.
 */
import { PlanChangedError, StorageUnavailableError } from '../errors.ts';
import type { Plan } from '../object/plan.ts';
import { entryKey } from '../object/vault-key.ts';
import type { State } from '../ports/state.ts';
import type { Vault } from '../ports/vault.ts';
import { manifestDigest, type ProofPorts, standingOf } from './seal-proof.ts';
import { isAsWritten, keepSuperseded } from './superseded.ts';

export interface CommitPorts extends ProofPorts {
  readonly state: Pick<State, 'tenantAndPlan' | 'noteManifest'>;
  readonly vault: Pick<Vault, 'getEntry' | 'putEntry'>;
}

/** `superseded`: the manifest was kept beside a small object that claims to be a newer upload. */
export type Committed = 'in-place' | 'superseded';

/**
 * Commits the manifest that `makeBody` makes, unless the plan's object is sealed already or was overwritten by a newer
 * upload. When it resolves, the one or the other has been read back from the vault. A small object that claims to be a
 * newer upload proves nothing, so the manifest is kept beside it. It writes nothing once the signal aborted.
 * @throws ManifestInvalidError when a manifest in the way is malformed, claims an upload nobody planned, or may be
 * of a newer upload or not
 * @throws PlanChangedError when the object was planned anew meanwhile
 * @throws StorageUnavailableError when what was written is not what is read back
 */
export async function commit(
  { plan, signal }: { readonly plan: Plan; readonly signal: AbortSignal },
  makeBody: () => Promise<Uint8Array>,
  ports: CommitPorts,
): Promise<Committed> {
  const key = entryKey(plan.tenantId, plan.key);
  let stored = await ports.vault.getEntry(key);
  let standing = await standingOf(stored, plan, ports);
  if (standing === 'sealed') return 'in-place';
  const body = await makeBody();
  await note(plan, body, ports);
  for (;;) {
    // The signal is looked at right before the write, since the note may have taken its time.
    signal.throwIfAborted();
    if (standing === 'superseded') {
      await keepSuperseded({ ...plan, signal }, { body }, ports);
      return standing;
    }
    const isWritten = await ports.vault.putEntry(key, { body }, stored);
    stored = await ports.vault.getEntry(key);
    if (isWritten && isAsWritten(stored, { body })) return 'in-place';
    standing = await standingOf(stored, plan, ports);
    if (standing === 'sealed') return 'in-place';
    if (isWritten && standing === 'unsealed') throw notReadBack(plan);
  }
}

function notReadBack({ objectId }: Plan): StorageUnavailableError {
  return new StorageUnavailableError(`object ${objectId}: its manifest was written but cannot be read back`);
}

/** Notes the manifest before it is written, so that whoever finds it in the vault can tell that it is ours. */
async function note(plan: Plan, body: Uint8Array, { state }: CommitPorts): Promise<void> {
  if (await state.noteManifest(plan, manifestDigest(body))) return;
  throw new PlanChangedError(`object ${plan.objectId} was planned anew meanwhile`);
}
