/**
 * Removes a tenant, step by step: its intake is closed, what is planned is sealed or left parked, its keys are dropped;
 * its ciphertext is deleted and its branch keys are shredded only if that was asked for. How far it has come is kept,
 * so each invocation goes on where the last one stopped, and nothing is done twice that matters.
 */
import { changeTenant } from '../revocation/change.ts';
import { requireRegistered } from '../tenant/admission.ts';
import { mayTurn, rulesOf, turned } from '../tenant/status.ts';
import { everyKekArn, keksOf, type Tenant } from '../tenant/tenant.ts';
import { deleteSome, shred } from './destroy.ts';
import { drainStep } from './drain.ts';
import { dropParkedJobs, forgetIfUnused, wasNeverActive } from './forget.ts';
import { type Removal, shredsBranchKeys } from '../tenant/removal.ts';
import type { RemovePorts, Steps, Taken, Wait } from './removal-step.ts';
import type { RemoveRequest } from './request.ts';
import { countWaiting } from './waiting.ts';

export interface Removed extends Wait {
  readonly done: boolean;
  readonly removal: Removal;
  /** True when the id was never active and can be used again: nothing is remembered of it, this removal neither. */
  readonly forgotten?: boolean;
}

/**
 * Goes on until it is done, has to wait, or `signal` aborts. What was not chosen the first time is not done later; what
 * was chosen is given up once it is asked for no more, so that nobody destroys what this request does not name. Asked
 * again when it is done, it tries once more what could not be deleted.
 * @throws TenantUnknownError; KmsUnavailableError, StorageUnavailableError: to be asked again
 */
export async function remove(
  request: RemoveRequest,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<Removed> {
  const { tenantId } = request;
  const tenant = requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
  const known = await ports.removals.read(tenantId);
  // One that has not closed the intake has done nothing yet: the tenant may have been in use ever since.
  const hasBegun = known !== undefined && !rulesOf(tenant).takesUploads;
  let removal = hasBegun ? goingOn(known, request, tenant) : await begin(request, tenant, ports);
  while (removal.step !== 'done') {
    const taken = await STEPS[removal.step](removal, ports, signal);
    removal = { ...removal, ...taken.progress };
    await ports.removals.write(removal);
    if (taken.waits !== undefined) return { done: false, removal, ...taken.waits };
    if (signal.aborted) break;
  }
  const isForgotten = await forgetIfUnused(removal, ports);
  return { done: removal.step === 'done', removal, ...(isForgotten ? { forgotten: true } : {}) };
}

/** A key that was never proven is not used to drain. Written first of all, for the status says so only now. */
async function begin(
  { tenantId, signedOffBy, drain, deleteCiphertext, shredBranchKeys }: RemoveRequest,
  tenant: Tenant,
  { removals, now }: RemovePorts,
): Promise<Removal> {
  const neverActive = rulesOf(tenant).key === 'claimed';
  const removal: Removal = {
    tenantId,
    signedOffBy,
    startedAt: now().toISOString(),
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
  await removals.write(removal);
  return removal;
}

function goingOn(known: Removal, asked: RemoveRequest, tenant: Tenant): Removal {
  const removal = { ...known, neverActive: known.neverActive ?? wasNeverActive(known, tenant) };
  if (removal.step !== 'done') return { ...removal, ...stillChosen(known, asked) };
  if (removal.ciphertextLeft !== undefined && asked.deleteCiphertext)
    return { ...removal, step: 'ciphertext', ciphertextLeft: undefined, deletedUpTo: undefined };
  // What had been uploaded may be gone by now, and then the id is free.
  return removal.neverActive ? { ...removal, step: 'branch-keys' } : removal;
}

/** What both were told to do. */
function stillChosen(
  known: Removal,
  asked: RemoveRequest,
): Pick<Removal, 'drain' | 'deleteCiphertext' | 'shredBranchKeys'> {
  return {
    drain: known.drain && asked.drain,
    deleteCiphertext: known.deleteCiphertext && asked.deleteCiphertext,
    shredBranchKeys: shredsBranchKeys(known) && shredsBranchKeys(asked),
  };
}

const STEPS: Steps = {
  drain: drainStep,
  'drop-keys': dropKeys,
  ciphertext: deleteSome,
  'branch-keys': shredAndFinish,
};

async function dropKeys({ tenantId }: Removal, { tenants, now }: RemovePorts): Promise<Taken> {
  await changeTenant(tenantId, tenants, (tenant) =>
    mayTurn(tenant, 'drop-keys')
      ? turned(tenant, 'drop-keys', { name: 'offboarded', at: now().toISOString() })
      : undefined,
  );
  const tenant = requireRegistered(await tenants.tenant(tenantId), tenantId);
  return {
    progress: {
      step: 'ciphertext',
      keysDroppedAt: now().toISOString(),
      kekArns: everyKekArn(tenant),
      branchKeyIds: [...new Set(keksOf(tenant).flatMap(({ branchKeyIds }) => branchKeyIds))],
    },
  };
}

async function shredAndFinish(removal: Removal, ports: RemovePorts, signal: AbortSignal): Promise<Taken> {
  const { tenantId, neverActive } = removal;
  const branchKeyRowsDeleted = await shred(removal, ports);
  const { uploads, unsealable } = await countWaiting(tenantId, ports, signal);
  if (neverActive === true && uploads === 0) await dropParkedJobs(tenantId, ports);
  return {
    progress: {
      step: 'done',
      branchKeyRowsDeleted,
      uploadsLeft: uploads,
      unsealable: unsealable.count === 0 ? undefined : unsealable,
      jobsLeftParked: await ports.parking.count(tenantId),
      finishedAt: ports.now().toISOString(),
    },
  };
}
