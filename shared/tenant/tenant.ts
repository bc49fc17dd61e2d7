/** What we know of a tenant: its KEK, how DEKs come from it, and whether work may use it now. */
import { z } from 'zod';
import { TenantRevokedError, TenantUnknownError } from '../errors.ts';
import { tenantIdSchema, type TenantId } from './tenant-id.ts';

export type TenantStatus = 'pending' | 'active' | 'revoked' | 'offboarded';

export interface Tenant {
  readonly tenantId: TenantId;
  /** The full key ARN: `arn:aws:kms:us-east-1:111111111111:key/…`. Aliases are refused: their target can move. */
  readonly kekArn: string;
  /** Where a chunk's DEK comes from. `per-chunk`: one GenerateDataKey per chunk, never reused. */
  readonly keyMode: 'per-chunk';
  readonly status: TenantStatus;
  /** Counts the changes of the tenant's key state. */
  readonly epoch: number;
}

export const tenantSchema: z.ZodType<Tenant> = z.object({
  tenantId: tenantIdSchema,
  kekArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/u, 'is not a KMS key ARN'),
  keyMode: z.literal('per-chunk'),
  status: z.enum(['pending', 'active', 'revoked', 'offboarded']),
  epoch: z.int().min(0),
});

/**
 * The tenant, if it is registered and active.
 * @throws TenantUnknownError when it is not registered
 * @throws TenantRevokedError when it is registered but not active
 */
export function requireActive(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  const registered = requireRegistered(tenant, tenantId);
  if (registered.status === 'active') return registered;
  throw new TenantRevokedError(
    `tenant ${tenantId} is ${registered.status}; work waits until its key ${registered.kekArn} is active again`,
  );
}

/** @throws TenantUnknownError when it is not registered */
export function requireRegistered(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  if (tenant !== undefined) return tenant;
  throw new TenantUnknownError(`tenant ${tenantId} is not registered; onboard it, then upload again`);
}
