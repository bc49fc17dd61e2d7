/**
 * Removes a tenant, step by step. Its intake is closed, what is planned is sealed or left parked, and its keys are
 * dropped. Its ciphertext is deleted and its branch keys are shredded only if that was asked for. The progress is kept,
 * so each invocation goes on where the last one stopped; a step that is taken twice does no harm.
 */
import { changeTenant } from '../revocation/change.ts';
import { requireRegistered } from '../tenant/admission.ts';
import type { Removal, RemovalStep } from '../tenant/removal.ts';
import { mayTurn, rulesOf, turned } from '../tenant/status.ts';
import { everyKekArn, keksOf } from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { beginOrContinue } from './begin.ts';
import { deleteSome, shredBranchKeys } from './destroy.ts';
import { drainStep } from './drain.ts';
import type { RemovePorts, StepResult, Wait } from './removal-step.ts';
import type { RemoveRequest } from './request.ts';
import { countWaiting } from './waiting.ts';

export interface Removed extends Wait {
  readonly done: boolean;
  readonly removal: Removal;
  /** True when the id was never active and can be used again: no record is left of it, not even of this removal. */
  readonly forgotten?: boolean;
}

/**
 * Takes steps until the removal is done, has to wait, or `signal` aborts. A request after
 * that tries once more to delete what could not be deleted.
 * @throws TenantUnknownError; KmsUnavailableError, StorageUnavailableError: ask again
 */
export async function remove(
  request: RemoveRequest,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<Removed> {
  const { tenantId } = request;
  const tenant = requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
  let removal = await beginOrContinue(request, tenant, ports);
  while (removal.step !== 'done') {
    const { progress, waits } = await STEPS[removal.step](removal, ports, signal);
    removal = { ...removal, ...progress };
    await ports.removals.write(removal);
    if (waits !== undefined) return { done: false, removal, ...waits };
    if (signal.aborted) break;
  }
  const isForgotten = await forgetIfUnused(removal, ports);
  return { done: removal.step === 'done', removal, ...(isForgotten ? { forgotten: true } : {}) };
}

type Step = (removal: Removal, ports: RemovePorts, signal: AbortSignal) => Promise<StepResult>;

const STEPS: Readonly<Record<Exclude<RemovalStep, 'done'>, Step>> = {
  drain: drainStep,
  'drop-keys': dropKeys,
  ciphertext: deleteSome,
  'branch-keys': shredAndFinish,
};

async function dropKeys({ tenantId }: Removal, { tenants, now }: RemovePorts): Promise<StepResult> {
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

async function shredAndFinish(
  removal: Removal,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<StepResult> {
  const { tenantId, neverActive } = removal;
  const branchKeyRowsDeleted = await shredBranchKeys(removal, ports);
  const query = { tenantId, closedAt: removal.startedAt };
  const { uploads, unsealable } = await countWaiting(query, ports, signal);
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

const JOBS_AT_ONCE = 100;

/** Deletes the jobs of uploads that are gone. Precondition: nothing of the tenant is in the ingest bucket. */
async function dropParkedJobs(tenantId: TenantId, { parking }: RemovePorts): Promise<void> {
  for (;;) {
    const parked = await parking.oldest(tenantId, JOBS_AT_ONCE);
    if (parked.length === 0) return;
    await parking.remove(parked);
  }
}

/**
 * Deletes every record of a tenant that never was active: it has served nobody, so its id can be given to somebody
 * else. The records stay if something was uploaded under the id, because that would then be somebody else's. Returns
 * true when nothing is left.
 */
async function forgetIfUnused(removal: Removal, { tenants }: RemovePorts): Promise<boolean> {
  const { tenantId, step, neverActive, uploadsLeft, jobsLeftParked } = removal;
  if (step !== 'done' || neverActive !== true || uploadsLeft > 0 || jobsLeftParked > 0) return false;
  const tenant = await tenants.tenant(tenantId);
  return tenant !== undefined && rulesOf(tenant).key === 'left' && (await tenants.forget(tenant));
}
