/** How far the removal of a tenant has come, and what it left, for a person. */
import type { Removed } from '../../shared/offboarding/remove.ts';
import { tableOf } from './table.ts';

type Step = Removed['removal']['step'];

const STEPS: Readonly<Record<Step, string>> = {
  drain: 'sealing what is planned',
  'drop-keys': 'dropping keys',
  ciphertext: 'deleting ciphertext',
  'branch-keys': 'shredding branch keys',
  done: 'done',
};

export function describeProgress({ removal, waiting }: Removed): string {
  const { step, ciphertextVersionsDeleted } = removal;
  const left = waiting === undefined ? '' : `, ${waiting} to go`;
  const deleted = step === 'ciphertext' ? `, ${ciphertextVersionsDeleted} versions so far` : '';
  return `${STEPS[step]}${left}${deleted}`;
}

/** `asked`: what was asked for this time; what was chosen when the removal began stands. */
export function describeRemoved(removed: Removed, asked: { readonly deleteCiphertext: boolean }): string {
  const { removal, done, blocked } = removed;
  const { tenantId } = removal;
  if (!done) return `${tenantId} is not removed yet: ${describeProgress(removed)}. ${blocked ?? ''}`;
  const isKept = asked.deleteCiphertext && !removal.deleteCiphertext;
  return [
    `${tenantId} is removed.`,
    summary(removed),
    ...(isKept ? ['Its ciphertext was KEPT: the removal had begun without --delete-ciphertext.'] : []),
  ].join('\n');
}

function summary({ removal }: Removed): string {
  const { kekArns, branchKeyIds, deleteCiphertext, ciphertextVersionsDeleted } = removal;
  return tableOf([
    ['signed off by', removal.signedOffBy],
    ['begun', removal.startedAt],
    ['finished', removal.finishedAt ?? 'no'],
    ['keys no longer used', kekArns.join('\n')],
    ['branch keys shredded', `${branchKeyIds.length}, ${removal.branchKeyRowsDeleted} rows`],
    ['ciphertext', deleteCiphertext ? `${ciphertextVersionsDeleted} versions deleted` : 'kept'],
    ['jobs left parked', String(removal.jobsLeftParked)],
    ['uploads left in the ingest bucket', String(removal.uploadsLeft)],
  ]);
}
