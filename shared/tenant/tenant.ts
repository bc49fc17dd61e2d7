/** What we know of a tenant: its KEK, how DEKs come from it, and whether work may use it now. */
import { z } from 'zod';
import { TenantRevokedError, TenantUnknownError } from '../errors.ts';
import { tenantIdSchema, type TenantId } from './tenant-id.ts';

export type TenantStatus = 'pending' | 'active' | 'revoked' | 'offboarded';

/**
 * Where a message's DEK comes from. `per-chunk`: one GenerateDataKey per message, never reused. `cached`: a DEK is
 * reused until it is `maxKeyAgeSeconds` old or worn out.
 */
export type KeyMode = 'per-chunk' | 'cached';

/** What last decided whether the tenant's key may be used. */
export interface KeySignal {
  /** An event of KMS (`DisableKey`), an error code of ours (`ERR_TENANT_KEY_DENIED`), `probe` or `registered`. */
  readonly name: string;
  /** ISO 8601, UTC: when it happened, as far as it proves anything. An older signal has nothing to say any more. */
  readonly at: string;
}

export interface Tenant {
  readonly tenantId: TenantId;
  /** The full key ARN: `arn:aws:kms:us-east-1:111111111111:key/…`. Aliases are refused: their target can move. */
  readonly kekArn: string;
  /** Default `per-chunk`. */
  readonly keyMode: KeyMode;
  /** How long a cached key may be used: 0 (nothing is cached) to 3,600. Default 60. */
  readonly maxKeyAgeSeconds: number;
  readonly status: TenantStatus;
  /** Counts the changes of the tenant's key state. A change drops every cached key of the tenant. */
  readonly epoch: number;
  readonly signal: KeySignal;
}

export const tenantSchema: z.ZodType<Tenant> = z.object({
  tenantId: tenantIdSchema,
  kekArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/u, 'is not a KMS key ARN'),
  keyMode: z.enum(['per-chunk', 'cached']).default('per-chunk'),
  maxKeyAgeSeconds: z.int().min(0).max(3600).default(60),
  status: z.enum(['pending', 'active', 'revoked', 'offboarded']),
  epoch: z.int().min(0),
  signal: z.object({ name: z.string().min(1), at: z.iso.datetime() }),
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
    `tenant ${tenantId} is ${registered.status} since ${registered.signal.name} at ${registered.signal.at}; ` +
      `work waits until its key ${registered.kekArn} is active again`,
  );
}

/** @throws TenantUnknownError when it is not registered */
export function requireRegistered(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  if (tenant !== undefined) return tenant;
  throw new TenantUnknownError(`tenant ${tenantId} is not registered; onboard it, then upload again`);
}
