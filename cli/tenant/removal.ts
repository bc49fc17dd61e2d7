/** Describes the removal of a tenant to a person: its progress, and what it left. */
import type { NamedVersions } from '../../shared/tenant/named-versions.ts';
import { type Removal, shredsBranchKeys } from '../../shared/tenant/removal.ts';
import type { Removed } from '../../shared/offboarding/remove.ts';
import { tableOf } from './table.ts';

/** The parts of a tenant's data that are to be destroyed. */
export interface Destruction {
  readonly deleteCiphertext: boolean;
  readonly shredBranchKeys: boolean;
}

/** Describes what happens to the tenant's data. */
export function describeFate({ deleteCiphertext, shredBranchKeys }: Destruction): string {
  if (deleteCiphertext)
    return 'its ciphertext is deleted, all versions, and so are any branch keys: nobody can read its data again';
  if (shredBranchKeys)
    return (
      'its ciphertext stays, but any branch keys are shredded: ' +
      'nobody can read again what they wrapped, not even the tenant'
    );
  return 'its ciphertext stays, and so do any branch keys: the tenant can read its data with its KMS key';
}

export function describeProgress({ removal, waiting }: Removed): string {
  const { step } = removal;
  if (step === 'drain')
    return removal.drain ? `sealing what is planned, ${waiting ?? 0} to go` : 'closing its intake';
  if (step === 'drop-keys') return 'dropping its keys';
  if (step === 'ciphertext') return describeCiphertextProgress(removal);
  if (step === 'branch-keys' && shredsBranchKeys(removal)) return 'shredding its branch keys';
  return step === 'done' ? 'done' : 'counting what is left';
}

function describeCiphertextProgress({
  deleteCiphertext,
  ciphertextVersionsDeleted,
  ciphertextLeft,
}: Removal): string {
  const waits = 'waiting for work in flight to end';
  if (!deleteCiphertext) return `${waits}; its ciphertext stays`;
  const refused = ciphertextLeft === undefined ? '' : `, ${ciphertextLeft.count} refused`;
  if (ciphertextVersionsDeleted === 0 && refused === '') return `${waits}, then deleting its ciphertext`;
  return `deleting its ciphertext, ${ciphertextVersionsDeleted} versions so far${refused}`;
}

/** Describes the result. `asked` is what this request asked for; only what was chosen at the beginning is done. */
export function describeRemoved(removed: Removed, asked: Destruction): string {
  const { removal, done, blocked, forgotten } = removed;
  const { tenantId } = removal;
  if (!done)
    return `${tenantId} is not removed yet: ${describeProgress(removed)}. ${blocked ?? ''}`.trimEnd();
  if (forgotten === true)
    return `${tenantId} never was active: it is removed, nothing is left of it, and its id can be used again.`;
  return [`${tenantId} is removed.`, summarize(removal), ...listWarnings(removal, asked)].join('\n');
}

/** True when something stays that was to be destroyed. */
export function isIncomplete({ removal }: Removed, asked: Destruction): boolean {
  return removal.ciphertextLeft !== undefined || askedTooLate(removal, asked) !== undefined;
}

/** Describes what was asked for only after the removal had begun. It is not done. */
function askedTooLate(removal: Removal, asked: Destruction): string | undefined {
  if (asked.deleteCiphertext && !removal.deleteCiphertext)
    return 'Its ciphertext was KEPT: the removal had begun without --delete-ciphertext.';
  return asked.shredBranchKeys && !shredsBranchKeys(removal)
    ? 'Its branch keys were KEPT: the removal had begun without --shred-branch-keys.'
    : undefined;
}

function listWarnings(removal: Removal, asked: Destruction): readonly string[] {
  const { tenantId, neverActive, uploadsLeft } = removal;
  const tooLate = askedTooLate(removal, asked);
  return [
    ...(tooLate === undefined ? [] : [tooLate]),
    ...listVersions(
      'S3 does not let us delete',
      removal.ciphertextLeft,
      'Make them deletable, then remove the tenant again.',
    ),
    ...listVersions('Of the uploads in the ingest bucket, nothing will ever seal', removal.unsealable),
    ...(neverActive === true && uploadsLeft > 0
      ? [
          `It never was active. Once nothing below ${tenantId}/ is in the ingest bucket, remove it again: then its id is free.`,
        ]
      : []),
  ];
}

function listVersions(what: string, versions: NamedVersions | undefined, fix = ''): readonly string[] {
  if (versions === undefined) return [];
  const { count, first } = versions;
  const more = count > first.length ? [`  and ${count - first.length} more`] : [];
  return [`${what}: ${count} versions. ${fix}`.trimEnd(), ...first.map((name) => `  ${name}`), ...more];
}

function summarize(removal: Removal): string {
  const { kekArns, uploadsLeft } = removal;
  return tableOf([
    ['signed off by', removal.signedOffBy],
    ['begun', removal.startedAt],
    ['finished', removal.finishedAt ?? 'no'],
    ['keys no longer used', kekArns.join('\n')],
    ['branch keys', describeBranchKeys(removal)],
    ['ciphertext', describeCiphertext(removal)],
    ['jobs left parked', String(removal.jobsLeftParked)],
    ['uploads left in the ingest bucket', uploadsLeft === 0 ? '0' : `${uploadsLeft}, not sealed: plaintext`],
  ]);
}

function describeCiphertext({ deleteCiphertext, ciphertextVersionsDeleted }: Removal): string {
  if (deleteCiphertext) return `${ciphertextVersionsDeleted} versions deleted`;
  return ciphertextVersionsDeleted === 0
    ? 'kept'
    : `${ciphertextVersionsDeleted} versions deleted, the rest kept`;
}

function describeBranchKeys(removal: Removal): string {
  const { branchKeyIds, branchKeyRowsDeleted } = removal;
  if (branchKeyIds.length === 0) return 'none';
  // A removal of an earlier version always shredded the branch keys.
  if (shredsBranchKeys(removal) || branchKeyRowsDeleted > 0)
    return `${branchKeyIds.length} shredded, ${branchKeyRowsDeleted} rows: nobody can read again what they wrapped`;
  return `${branchKeyIds.length} kept: what they wrapped can be read with the tenant's KMS key`;
}
