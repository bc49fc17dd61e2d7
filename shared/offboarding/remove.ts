/**
 * Removes a tenant, step by step: its intake is closed, what is planned is sealed or left parked, its keys are dropped,
 * its ciphertext deleted if that was asked for, its branch keys shredded. How far it has come is kept, so each
 * invocation goes on where the last one stopped, and nothing is done twice that matters.
 */
import { SealstreamError } from '../errors.ts';
import type { Parking, Tenants } from '../ports.ts';
import { changeTenant } from '../revocation/change.ts';
import {
  everyKekArn,
  mayEncrypt,
  requireRegistered,
  type Tenant,
  type TenantStatus,
  turned,
} from '../tenant/tenant.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { Removal, Removals, RemovalStep } from './removal.ts';
import type { RemoveRequest } from './request.ts';
import { ourSignal, requireUsable, type SuspendPorts } from './suspend.ts';
import { countWaiting, type WaitingPorts } from './waiting.ts';

export interface RemovePorts extends SuspendPorts, WaitingPorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace'>;
  readonly removals: Removals;
  readonly parking: Pick<Parking, 'count'>;
  /** Deletes some of what the tenant has in the vault. Returns how many versions; 0 when nothing is left. */
  readonly deleteCiphertext: (tenantId: TenantId) => Promise<number>;
  /** Deletes a branch key with all of its versions. Returns how many rows. Idempotent. */
  readonly shredBranchKey: (branchKeyId: string) => Promise<number>;
}

export interface Removed {
  readonly done: boolean;
  readonly removal: Removal;
  /** Versions planned and not sealed yet. */
  readonly waiting?: number;
  /** Why it cannot go on by itself. */
  readonly blocked?: string;
}

/** How long work that was in flight when the keys were dropped may still write: it is stopped within a second. */
const SETTLE_MS = 2_000;

/**
 * Goes on until it is done, has to wait, or `signal` aborts. What was chosen the first time stands, except that the
 * drain can be given up.
 * @throws TenantUnknownError; KmsUnavailableError, StorageUnavailableError: to be asked again
 */
export async function remove(
  request: RemoveRequest,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<Removed> {
  const { tenantId } = request;
  const tenant = requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
  let removal = (await ports.removals.read(tenantId)) ?? (await begin(request, tenant, ports));
  if (!request.drain) removal = { ...removal, drain: false };
  while (removal.step !== 'done') {
    const taken = await STEPS[removal.step](removal, ports, signal);
    removal = { ...removal, ...taken.progress };
    await ports.removals.write(removal);
    if (taken.waits !== undefined) return { done: false, removal, ...taken.waits };
    if (signal.aborted) break;
  }
  return { done: removal.step === 'done', removal };
}

/** A key that was never proven is not used to drain. Written first of all, for the status says so only now. */
async function begin(
  { tenantId, signedOffBy, drain, deleteCiphertext }: RemoveRequest,
  { status }: Tenant,
  { removals, now }: RemovePorts,
): Promise<Removal> {
  const removal: Removal = {
    tenantId,
    signedOffBy,
    startedAt: now().toISOString(),
    step: 'drain',
    drain: drain && status !== 'pending',
    deleteCiphertext,
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

/** What a step has done, and whether the next one has to wait. */
interface Taken {
  readonly progress: Partial<Removal>;
  readonly waits?: Omit<Removed, 'done' | 'removal'>;
}

type Step = (removal: Removal, ports: RemovePorts, signal: AbortSignal) => Promise<Taken>;

const STEPS: Readonly<Record<Exclude<RemovalStep, 'done'>, Step>> = {
  drain: drainStep,
  'drop-keys': dropKeys,
  ciphertext: deleteSome,
  'branch-keys': shredAndFinish,
};

async function drainStep(
  { tenantId, drain }: Removal,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<Taken> {
  const tenant = await closeIntake(tenantId, ports);
  const { planned } = drain ? await countWaiting(tenantId, ports, signal) : { planned: 0 };
  if (planned === 0) return { progress: { step: 'drop-keys' } };
  const blocked = mayEncrypt(tenant) ? undefined : await reopen(tenant, ports);
  return { progress: {}, waits: { waiting: planned, ...(blocked === undefined ? {} : { blocked }) } };
}

/** A tenant whose key is not in use is out at once: what waits, waits for its key to be proven. */
async function closeIntake(tenantId: TenantId, ports: RemovePorts): Promise<Tenant> {
  await changeTenant(tenantId, ports.tenants, (tenant) => {
    if (tenant.status === 'active')
      return turned(tenant, 'offboarding', ourSignal('offboarding', tenant, ports));
    return INTAKE_CLOSED.has(tenant.status) ? undefined : turned(tenant, 'offboarded', tenant.signal);
  });
  return requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
}

const INTAKE_CLOSED: ReadonlySet<TenantStatus> = new Set(['offboarding', 'offboarded']);

/** What is planned can only be sealed with a key that works. Returns why it does not. */
async function reopen({ tenantId }: Tenant, ports: RemovePorts): Promise<string | undefined> {
  try {
    await changeTenant(tenantId, ports.tenants, async (tenant) => {
      await requireUsable(tenant, ports);
      return turned(tenant, 'offboarding', ourSignal('offboarding', tenant, ports));
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof SealstreamError) || error.disposition === 'retry') throw error;
    return `${error.message}; or remove it without a drain, and what waits stays parked`;
  }
}

async function dropKeys({ tenantId }: Removal, { tenants, now }: RemovePorts): Promise<Taken> {
  await changeTenant(tenantId, tenants, (tenant) =>
    tenant.status === 'offboarding'
      ? turned(tenant, 'offboarded', { name: 'offboarded', at: now().toISOString() })
      : undefined,
  );
  const tenant = requireRegistered(await tenants.tenant(tenantId), tenantId);
  const retired = tenant.retiredKeks.flatMap(({ branchKeyIds }) => branchKeyIds);
  const current = tenant.branchKeyId === undefined ? [] : [tenant.branchKeyId];
  return {
    progress: {
      step: 'ciphertext',
      keysDroppedAt: now().toISOString(),
      kekArns: everyKekArn(tenant),
      branchKeyIds: [...retired, ...current],
    },
  };
}

async function deleteSome(removal: Removal, ports: RemovePorts): Promise<Taken> {
  const { tenantId, ciphertextVersionsDeleted } = removal;
  const { keysDroppedAt = removal.startedAt } = removal;
  if (ports.now().getTime() - Date.parse(keysDroppedAt) < SETTLE_MS) return { progress: {}, waits: {} };
  if (!removal.deleteCiphertext) return { progress: { step: 'branch-keys' } };
  const deleted = await ports.deleteCiphertext(tenantId);
  if (deleted === 0) return { progress: { step: 'branch-keys' } };
  return { progress: { ciphertextVersionsDeleted: ciphertextVersionsDeleted + deleted } };
}

/** Copies in backups of the table stay wrapped under the tenant's KEK, which the tenant can destroy. */
async function shredAndFinish(removal: Removal, ports: RemovePorts, signal: AbortSignal): Promise<Taken> {
  const { tenantId, branchKeyIds } = removal;
  let branchKeyRowsDeleted = 0;
  for (const id of branchKeyIds) branchKeyRowsDeleted += await ports.shredBranchKey(id);
  const [{ uploads }, jobsLeftParked] = await Promise.all([
    countWaiting(tenantId, ports, signal),
    ports.parking.count(tenantId),
  ]);
  const finishedAt = ports.now().toISOString();
  return {
    progress: { step: 'done', branchKeyRowsDeleted, uploadsLeft: uploads, jobsLeftParked, finishedAt },
  };
}
