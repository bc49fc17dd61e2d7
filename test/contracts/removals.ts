import { expect, test } from 'vitest';
import type { Removals } from '../../shared/ports/tenants.ts';
import type { Removal } from '../../shared/tenant/removal.ts';
import { ACME } from '../support/tenants.ts';

export const REMOVAL: Removal = {
  tenantId: ACME.tenantId,
  signedOffBy: 'legal',
  startedAt: '2026-03-01T12:00:00.000Z',
  finishedAt: undefined,
  step: 'drain',
  drain: true,
  deleteCiphertext: true,
  shredBranchKeys: false,
  kekArns: [ACME.kekArn],
  branchKeyIds: [],
  branchKeyRowsDeleted: 0,
  ciphertextVersionsDeleted: 0,
  jobsLeftParked: 0,
  uploadsLeft: 0,
};

export function removalsContract(make: () => Removals): void {
  test('a removal is read as it was written last', async () => {
    const removals = make();
    expect(await removals.read(ACME.tenantId)).toBeUndefined();
    await removals.write(REMOVAL);
    await removals.write({ ...REMOVAL, step: 'ciphertext' });
    expect(await removals.read(ACME.tenantId)).toEqual({ ...REMOVAL, step: 'ciphertext' });
  });
}
