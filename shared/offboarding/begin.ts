/** Begins the removal of a tenant, or goes on with the one that was begun before. */
import { type Removal, shredsBranchKeys } from '../tenant/removal.ts';
import { rulesOf } from '../tenant/status.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { RemovePorts } from './removal-step.ts';
import type { RemoveRequest } from './request.ts';

/**
 * Returns the removal that the request goes on with. A choice that the first request did not make cannot be added
 * later. A choice that this request does not repeat is given up, so that nothing is destroyed that this request does
 * not name.
 * @throws StorageUnavailableError
 */
export async function beginOrContinue(
  request: RemoveRequest,
  tenant: Tenant,
  ports: Pick<RemovePorts, 'removals' | 'now'>,
): Promise<Removal> {
  const known = await ports.removals.read(request.tenantId);
  // A removal that has not closed the intake has done nothing yet: the tenant may have been in use ever since.
  if (known !== undefined && !rulesOf(tenant).takesUploads) return continueRemoval(known, request, tenant);
  const removal = newRemoval(request, tenant, ports.now());
  // The removal is written first, because a later status no longer says if the tenant was ever active.
  await ports.removals.write(removal);
  return removal;
}

/**
 * Makes the record of a removal. A tenant whose key was never proven is not drained, because that key must not be used.
 */
function newRemoval(request: RemoveRequest, tenant: Tenant, now: Date): Removal {
  const { signedOffBy, drain, deleteCiphertext, shredBranchKeys } = request;
  const neverActive = rulesOf(tenant).key === 'claimed';
  return {
    tenantId: tenant.tenantId,
    signedOffBy,
    startedAt: now.toISOString(),
    step: 'drain',
    neverActive,
    drain: drain && !neverActive,
    deleteCiphertext,
    shredBranchKeys,
    kekArns: [],
    branchKeyIds: [],
    branchKeyRowsDeleted: 0,
    ciphertextVersionsDeleted: 0,
    jobsLeftParked: 0,
    uploadsLeft: 0,
  };
}

function continueRemoval(known: Removal, request: RemoveRequest, tenant: Tenant): Removal {
  const removal = { ...known, neverActive: known.neverActive ?? wasNeverActive(known, tenant) };
  if (removal.step !== 'done') return { ...removal, ...commonChoices(known, request) };
  if (removal.ciphertextLeft !== undefined && request.deleteCiphertext)
    return { ...removal, step: 'ciphertext', ciphertextLeft: undefined, deletedUpTo: undefined };
  // The uploads that kept the id in use may be gone by now. Then the id is free.
  return removal.neverActive ? { ...removal, step: 'branch-keys' } : removal;
}

/** Returns what both the removal and the request choose. */
function commonChoices(
  known: Removal,
  request: RemoveRequest,
): Pick<Removal, 'drain' | 'deleteCiphertext' | 'shredBranchKeys'> {
  return {
    drain: known.drain && request.drain,
    deleteCiphertext: known.deleteCiphertext && request.deleteCiphertext,
    shredBranchKeys: shredsBranchKeys(known) && shredsBranchKeys(request),
  };
}

/**
 * True when a removal of an earlier version, which did not record this, is of a tenant that never was active. Such a
 * removal does not drain, and a tenant that was pending keeps the signal of its registration. A tenant that was active
 * has a signal of its suspension or removal, or of the loss of its key.
 */
function wasNeverActive({ drain }: Removal, tenant: Tenant): boolean {
  return !drain && rulesOf(tenant).key === 'left' && tenant.signal.name === 'registered';
}
