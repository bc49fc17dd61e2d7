/** The steps of a removal that cannot be undone, each taken only if it was asked for. */
import { counted, type NamedVersions, NO_VERSIONS, versionName } from '../tenant/named-versions.ts';
import { type Removal, shredsBranchKeys } from '../tenant/removal.ts';
import type { RemovePorts, Taken } from './removal-step.ts';
import type { RefusedVersion } from '../ports/vault.ts';

/** How long work that was in flight when the keys were dropped may still write: it is stopped within a second. */
const SETTLE_MS = 2_000;

/**
 * One page of what is in the vault. What S3 refuses to delete is named and passed over, so that each page is behind the
 * one before, and the last one comes.
 */
export async function deleteSome(removal: Removal, ports: RemovePorts): Promise<Taken> {
  if (!isSettled(removal, ports)) return { progress: {}, waits: {} };
  if (!removal.deleteCiphertext) return { progress: { step: 'branch-keys' } };
  const { versions, refused } = await ports.deleteCiphertext(removal.tenantId, removal.deletedUpTo);
  if (versions === 0 && refused.length === 0) return { progress: { step: 'branch-keys' } };
  const last = refused.at(-1);
  return {
    progress: {
      ciphertextVersionsDeleted: removal.ciphertextVersionsDeleted + versions,
      ciphertextLeft: withRefused(removal.ciphertextLeft, refused),
      deletedUpTo: last === undefined ? removal.deletedUpTo : { key: last.key, versionId: last.versionId },
    },
  };
}

/** Rows deleted. Copies in backups of the table stay wrapped under the tenant's KEK, which the tenant can destroy. */
export async function shred(removal: Removal, { shredBranchKey }: RemovePorts): Promise<number> {
  if (!shredsBranchKeys(removal)) return removal.branchKeyRowsDeleted;
  let rows = 0;
  for (const id of removal.branchKeyIds) rows += await shredBranchKey(id);
  // Asked for once more, nothing is left to count.
  return Math.max(rows, removal.branchKeyRowsDeleted);
}

/** Nothing is in flight for a tenant that never was active. */
function isSettled(removal: Removal, { now }: RemovePorts): boolean {
  const { neverActive, startedAt, keysDroppedAt = startedAt } = removal;
  return neverActive === true || now().getTime() - Date.parse(keysDroppedAt) >= SETTLE_MS;
}

function withRefused(
  left: NamedVersions | undefined,
  refused: readonly RefusedVersion[],
): NamedVersions | undefined {
  if (refused.length === 0) return left;
  return counted(
    left ?? NO_VERSIONS,
    refused.map((version) => `${versionName(version)}: ${version.code}`),
  );
}
