/** The functions of the control plane, over one account. */
import { EVENT_BUS_ARN, ROLE_ARNS } from '../../../laptop/names.ts';
import type { AwsEvent } from '../../../local/front/service.ts';
import { StorageUnavailableError } from '../../../shared/errors.ts';
import type { OffboardRequest, RemoveRequest } from '../../../shared/offboarding/request.ts';
import type { OnboardRequest } from '../../../shared/onboarding/request.ts';
import type { TenantId } from '../../../shared/tenant/tenant-id.ts';
import { offboardFunction } from '../../../shared/wiring/offboard.ts';
import { onboardFunction } from '../../../shared/wiring/onboard.ts';
import { revokeFunction } from '../../../shared/wiring/revoke.ts';
import { rotateFunction } from '../../../shared/wiring/rotate-branch-key.ts';
import { watchFunction } from '../../../shared/wiring/watch.ts';
import type { Sandbox } from './functions.ts';

const SETTINGS = {
  propagationSeconds: 300,
  stuckSeconds: 600,
  // At a slower rate, unparking would sleep in real time.
  unparkPerSecond: Number.POSITIVE_INFINITY,
  stage: 'fleet',
  arns: { ...ROLE_ARNS, eventBusArn: EVENT_BUS_ARN },
};

/** An action of an operator on a tenant. */
export type Action = (sandbox: Sandbox, tenantId: TenantId) => Promise<void>;

/** Handles one event of a key. */
export async function runRevoke({ ports }: Sandbox, event: AwsEvent): Promise<void> {
  await revokeFunction(ports, SETTINGS)(event, new AbortController().signal);
}

/** Does what is due every minute. */
export async function runWatch({ ports }: Sandbox): Promise<void> {
  await watchFunction(ports, SETTINGS)(new AbortController().signal);
}

/** Adds a tenant or changes its key. When somebody else changes the tenant meanwhile, nothing happens. */
export async function onboarding({ ports }: Sandbox, request: OnboardRequest): Promise<void> {
  const answered = onboardFunction(ports, SETTINGS).answer(request, new AbortController().signal);
  await answered.catch((error: unknown) => {
    if (!(error instanceof StorageUnavailableError)) throw error;
  });
}

/** Makes a new version of a tenant's branch key. */
export const rotating: Action = async ({ ports }, tenantId) => {
  await rotateFunction(ports).answer(tenantId, new AbortController().signal);
};

/** Stops a tenant, whatever its key does. */
export const suspending: Action = async (sandbox, tenantId) => {
  await runOffboard(sandbox, { action: 'suspend', tenantId });
};

/** Lets a suspended tenant go on. */
export const resuming: Action = async (sandbox, tenantId) => {
  await runOffboard(sandbox, { action: 'resume', tenantId });
};

/** Removes a tenant, as far as the removal comes for now. */
export function removing(chosen: Pick<RemoveRequest, 'drain' | 'deleteCiphertext'>): Action {
  return async (sandbox, tenantId) => {
    const { drain, deleteCiphertext } = chosen;
    const signedOffBy = 'legal@example.com';
    const request = { action: 'remove', tenantId, signedOffBy, drain, deleteCiphertext } as const;
    await runOffboard(sandbox, { ...request, shredBranchKeys: false });
  };
}

async function runOffboard({ ports }: Sandbox, request: OffboardRequest): Promise<void> {
  await offboardFunction(ports, SETTINGS).answer(request, new AbortController().signal);
}
