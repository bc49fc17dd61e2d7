/** The functions of the control plane, wired as functions/*.ts wire them, over one account. */
import type { AwsEvent } from '../../../local/front/service.ts';
import type { Removals } from '../../../shared/ports/tenants.ts';
import type { RemovePorts } from '../../../shared/offboarding/removal-step.ts';
import { remove } from '../../../shared/offboarding/remove.ts';
import type { RemoveRequest } from '../../../shared/offboarding/request.ts';
import { resume, suspend, type SuspendPorts } from '../../../shared/offboarding/suspend.ts';
import { rotateBranchKey } from '../../../shared/onboarding/rotate.ts';
import { handleKeyEvent } from '../../../shared/revocation/revoke.ts';
import { unpark, type UnparkPorts } from '../../../shared/watch/unpark.ts';
import { watch } from '../../../shared/watch/watch.ts';
import type { TenantId } from '../../../shared/tenant/tenant-id.ts';
import type { Account } from './account.ts';
import { branchKeysOf } from './branch-keys.ts';
import type { Sandbox } from './functions.ts';
import { controlPlaneKmsOf } from './kms-ports.ts';
import { gated } from './sandbox.ts';

export const PROPAGATION_SECONDS = 300;
const STUCK_SECONDS = 600;
/** Slower, it would sleep in real time. */
const UNPARK_PER_SECOND = Number.POSITIVE_INFINITY;

/** Handles one event of a key. */
export async function runRevoke(account: Account, sandbox: Sandbox, event: AwsEvent): Promise<void> {
  const entrance = sandbox.gate;
  const ports = {
    ...unparkPorts(account, sandbox),
    tenants: gated(account.tenants, entrance),
    hearings: gated(account.hearings, entrance),
    branchKeys: branchKeysOf(account.keys, account.keyStore.table, entrance),
    kms: gated(controlPlaneKmsOf(account), entrance),
    propagationSeconds: PROPAGATION_SECONDS,
    now,
  };
  const { outcome, tenantIds } = await handleKeyEvent(event, ports);
  if (outcome !== 'active') return;
  const signal = new AbortController().signal;
  for (const tenantId of tenantIds) await unpark(tenantId, ports, { signal });
}

/** What happens every minute. */
export async function runWatch(account: Account, sandbox: Sandbox): Promise<void> {
  const entrance = sandbox.gate;
  const ports = {
    ...unparkPorts(account, sandbox),
    tenants: gated(account.tenants, entrance),
    parking: gated(account.parking, entrance),
    state: gated(account.state, entrance),
    redrives: gated(account.redrives, entrance),
    listing: gated(account.listing, entrance),
    uploads: gated(account.notifications, entrance),
    kms: gated(controlPlaneKmsOf(account), entrance),
    propagationSeconds: PROPAGATION_SECONDS,
    stuckSeconds: STUCK_SECONDS,
    now,
    report: () => undefined,
  };
  await watch(ports, new AbortController().signal);
}

/** Makes a new version of a tenant's branch key. */
export async function runRotate(
  account: Account,
  { gate: entrance }: Sandbox,
  tenantId: TenantId,
): Promise<void> {
  const branchKeys = branchKeysOf(account.keys, account.keyStore.table, entrance);
  await rotateBranchKey(tenantId, { tenants: gated(account.tenants, entrance), branchKeys });
}

/** Stops a tenant, whatever its key does. */
export async function runSuspend(account: Account, sandbox: Sandbox, tenantId: TenantId): Promise<void> {
  await suspend(tenantId, suspendPorts(account, sandbox));
}

/** Lets a tenant that was suspended go on. */
export async function runResume(account: Account, sandbox: Sandbox, tenantId: TenantId): Promise<void> {
  await resume(tenantId, suspendPorts(account, sandbox));
}

/** Takes a tenant out, as far as it goes for now. */
export function removing(
  chosen: Pick<RemoveRequest, 'drain' | 'deleteCiphertext'>,
): (account: Account, sandbox: Sandbox, tenantId: TenantId) => Promise<void> {
  return async (account, sandbox, tenantId) => {
    const asked = { action: 'remove', tenantId, signedOffBy: 'legal@example.com', ...chosen } as const;
    const request = { ...asked, shredBranchKeys: false };
    await remove(request, removePorts(account, sandbox), new AbortController().signal);
  };
}

function removePorts(account: Account, sandbox: Sandbox): RemovePorts {
  const { gate: entrance } = sandbox;
  const { state, parking, listing, vault, keyStore } = account;
  return {
    ...suspendPorts(account, sandbox),
    tenants: gated(account.tenants, entrance),
    removals: gated(removalsOf(account), entrance),
    state: gated(state, entrance),
    parking: gated(parking, entrance),
    listing: gated(listing, entrance),
    ...gated(
      {
        deleteCiphertext: (tenantId: TenantId) =>
          Promise.resolve({ versions: deleteBelow(vault.objects, `${tenantId}/`), refused: [] }),
        shredBranchKey: (id: string) => Promise.resolve(deleteBelow(keyStore.rows, `${id} `)),
      },
      entrance,
    ),
  };
}

function removalsOf({ removals, toDrain, state }: Account): Removals {
  return {
    read: (tenantId) => Promise.resolve(removals.get(tenantId)),
    async write(removal) {
      await Promise.resolve();
      const { tenantId } = removal;
      const plans = [...state.plans.values()].filter((plan) => plan.tenantId === tenantId);
      const unsealed = plans.filter(({ sealedAt }) => sealedAt === undefined);
      if (!removals.has(tenantId))
        toDrain.set(
          tenantId,
          unsealed.map(({ objectId }) => objectId),
        );
      removals.set(tenantId, removal);
    },
  };
}

/** Returns how many there were. */
function deleteBelow(objects: Map<string, unknown>, prefix: string): number {
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix));
  for (const key of keys) objects.delete(key);
  return keys.length;
}

function suspendPorts(account: Account, { gate: entrance }: Sandbox): SuspendPorts {
  return {
    tenants: gated(account.tenants, entrance),
    kms: gated(controlPlaneKmsOf(account), entrance),
    propagationSeconds: PROPAGATION_SECONDS,
    now,
  };
}

function unparkPorts(account: Account, { gate: entrance }: Sandbox): UnparkPorts {
  return {
    tenants: gated(account.tenants, entrance),
    parking: gated(account.parking, entrance),
    jobs: gated(account.jobs, entrance),
    leases: gated(account.leases, entrance),
    unparkPerSecond: UNPARK_PER_SECOND,
  };
}

function now(): Date {
  return new Date();
}
