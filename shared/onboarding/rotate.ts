/**
 * Makes a new version of a tenant's branch key, for new messages. The old versions stay, so that what they wrapped
 * stays readable. A sandbox that has an old version in its cache uses it until it is `maxKeyAgeSeconds` old.
 */
import * as z from 'zod';
import type { BranchKeys } from '../envelope/kms/branch-keys.ts';
import { EventInvalidError } from '../errors.ts';
import type { Tenants } from '../ports/tenants.ts';
import { requireWorking } from '../tenant/admission.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

export interface RotatePorts {
  readonly tenants: Pick<Tenants, 'tenant'>;
  readonly branchKeys: Pick<BranchKeys, 'version'>;
}

export interface Rotated {
  readonly tenantId: TenantId;
  readonly branchKeyId: string;
}

/**
 * @throws TenantUnknownError, TenantRevokedError; EventInvalidError when it uses no branch key
 * @throws TenantKeyDeniedError, TenantKeyUnusableError; AuthenticationFailedError when the row of the branch key is
 * missing or altered
 * @throws KmsUnavailableError, StorageUnavailableError: ask again
 */
export async function rotateBranchKey(tenantId: TenantId, ports: RotatePorts): Promise<Rotated> {
  const tenant = requireWorking(await ports.tenants.tenant(tenantId), tenantId, 'rotates');
  const { keyMode, branchKeyId } = tenant;
  if (keyMode !== 'hierarchical' || branchKeyId === undefined)
    throw new EventInvalidError(`tenant ${tenantId} is in key mode ${keyMode}: it uses no branch key`);
  await ports.branchKeys.version(tenant, branchKeyId);
  return { tenantId, branchKeyId };
}

const rotationSchema = z.strictObject({ tenantId: tenantIdSchema });

/** @throws EventInvalidError */
export function parseRotation(event: unknown): TenantId {
  const parsed = rotationSchema.safeParse(event);
  if (parsed.success) return parsed.data.tenantId;
  throw new EventInvalidError(`not a request to rotate: ${z.prettifyError(parsed.error)}`);
}
