/** The steps of a removal that cannot be undone. Each is taken only if the request asks for it. */
import { counted, type NamedVersions, NO_VERSIONS, versionName } from '../tenant/named-versions.ts';
import { type Removal, shredsBranchKeys } from '../tenant/removal.ts';
import type { RemovePorts, StepResult } from './removal-step.ts';
import type { RefusedVersion } from '../ports/vault.ts';

/**
 * Work that was in flight when the keys were dropped stops within one second. After this time nothing writes any more.
 */
const SETTLE_MS = 2_000;

/**
 * Deletes one page of the tenant's versions in the vault. The versions that S3 refuses to delete are named and skipped,
 * so that each page begins after the one before, and the last page is reached.
 */
export async function deleteSome(removal: Removal, ports: RemovePorts): Promise<StepResult> {
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

/**
 * Deletes the branch keys, if that was asked for. Returns the number of rows deleted. Copies in backups of the table
 * stay wrapped under the tenant's KEK, which the tenant can destroy.
 */
export async function shredBranchKeys(removal: Removal, { shredBranchKey }: RemovePorts): Promise<number> {
  if (!shredsBranchKeys(removal)) return removal.branchKeyRowsDeleted;
  let rows = 0;
  for (const id of removal.branchKeyIds) rows += await shredBranchKey(id);
  // When the step is taken again, the rows are gone already: the first number counts.
  return Math.max(rows, removal.branchKeyRowsDeleted);
}

/** True when nothing of the tenant can be in flight any more. A tenant that never was active had nothing in flight. */
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
