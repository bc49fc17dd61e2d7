/** What we know of a tenant: its KEK, how DEKs come from it, and whether work may use it now. */
import * as z from 'zod';
import { TenantOffboardedError, TenantRevokedError, TenantUnknownError } from '../errors.ts';
import { reasonsIn, type TenantSignal, tenantSignalSchema } from './key-signal.ts';
import { tenantIdSchema, type TenantId } from './tenant-id.ts';

/**
 * `pending`: registered, its key not proven yet. `revoked`: the tenant took its key away; events and probes bring it
 * back. `suspended`: we stopped it; only we resume it. `offboarding`: nothing new is taken, what is planned is still
 * sealed. `offboarded`: its keys are used no more.
 */
export type TenantStatus = 'pending' | 'active' | 'revoked' | 'suspended' | 'offboarding' | 'offboarded';

/**
 * Where a message's DEK comes from. `per-chunk`: one GenerateDataKey per message, never reused. `cached`: a DEK is
 * reused until it is `maxKeyAgeSeconds` old or worn out. `hierarchical`: a DEK per message, wrapped by a branch key
 * that the KEK wraps.
 */
export type KeyMode = 'per-chunk' | 'cached' | 'hierarchical';

/** `pooled`: its cached keys share one bound with those of other tenants. `dedicated`: they have a bound of their own. */
export type Isolation = 'pooled' | 'dedicated';

/**
 * A KEK that was replaced, or replicas that a KEK no longer has. What was wrapped stays readable while the KEK lives; no
 * new object is encrypted so.
 */
export interface RetiredKek {
  readonly kekArn: string;
  readonly replicaArns: readonly string[];
  readonly branchKeyIds: readonly string[];
}

/** A ciphertext that a key made for its probes (revocation/probe-ciphertext.ts). Nothing in it is secret. */
export interface ProbeCiphertext {
  readonly kekArn: string;
  /** Under which name its encryption context names the tenant. */
  readonly idName: 'tenant-id' | 'aws-crypto-ec:tenant-id';
  /** Base64. */
  readonly ciphertext: string;
}

export interface Tenant {
  readonly tenantId: TenantId;
  /** The full key ARN: `arn:aws:kms:us-east-1:111111111111:key/…`. Aliases are refused: their target can move. */
  readonly kekArn: string;
  /** Replicas of a multi-Region KEK in other regions: what one of them wraps, all of them unwrap. */
  readonly replicaArns: readonly string[];
  /** Newest last. */
  readonly retiredKeks: readonly RetiredKek[];
  /** Whether the KEK is in a CloudHSM or an external key store, which may be out of reach. Default false. */
  readonly customKeyStore: boolean;
  /** Where its KEK and the replicas may be. None: anywhere. */
  readonly allowedRegions: readonly string[];
  /** Default `per-chunk`. */
  readonly keyMode: KeyMode;
  /** Of cached keys. Default `pooled`. */
  readonly isolation: Isolation;
  /** Under the current KEK: `{tenantId}.{uuid}`. Absent until one was made, by the control plane. */
  readonly branchKeyId?: string | undefined;
  /** Whether a rotation of the KEK makes a new version of the branch key. Default false. */
  readonly rotateWithKek: boolean;
  /** How long a cached key may be used: 0 (nothing is cached) to 3,600. Default 60. */
  readonly maxKeyAgeSeconds: number;
  readonly status: TenantStatus;
  /** Of each key in use one. Absent until they were made, by the control plane. */
  readonly probeCiphertexts?: readonly ProbeCiphertext[] | undefined;
  /** Counts the changes of the tenant's key state. A change drops every cached key of the tenant. */
  readonly epoch: number;
  /** What last decided whether its keys may be used, and what stands against each of them. */
  readonly signal: TenantSignal;
}

export const kekArnSchema: z.ZodType<string> = z
  .string()
  .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/u, 'is not a KMS key ARN');

/** Defaults are for records written before the member was known. */
export const tenantSchema: z.ZodType<Tenant> = z.object({
  tenantId: tenantIdSchema,
  kekArn: kekArnSchema,
  replicaArns: z.array(kekArnSchema).default([]),
  retiredKeks: z
    .array(
      z.object({
        kekArn: kekArnSchema,
        replicaArns: z.array(kekArnSchema),
        branchKeyIds: z.array(z.string()),
      }),
    )
    .default([]),
  customKeyStore: z.boolean().default(false),
  allowedRegions: z.array(z.string()).default([]),
  keyMode: z.enum(['per-chunk', 'cached', 'hierarchical']).default('per-chunk'),
  isolation: z.enum(['pooled', 'dedicated']).default('pooled'),
  branchKeyId: z.string().min(1).optional(),
  rotateWithKek: z.boolean().default(false),
  maxKeyAgeSeconds: z.int().min(0).max(3600).default(60),
  probeCiphertexts: z
    .array(
      z.object({
        kekArn: kekArnSchema,
        idName: z.enum(['tenant-id', 'aws-crypto-ec:tenant-id']),
        ciphertext: z.base64(),
      }),
    )
    .optional(),
  status: z.enum(['pending', 'active', 'revoked', 'suspended', 'offboarding', 'offboarded']),
  epoch: z.int().min(0),
  signal: tenantSignalSchema,
});

/** The tenant in another state of its key, which every cached key of the old one is dropped for. */
export function turned(tenant: Tenant, status: TenantStatus, signal: TenantSignal): Tenant {
  return { ...tenant, status, epoch: tenant.epoch + 1, signal };
}

/** The KEK that new objects are encrypted under, and its replicas: the tenant is active only while all of them work. */
export function currentKekArns({
  kekArn,
  replicaArns,
}: Pick<Tenant, 'kekArn' | 'replicaArns'>): readonly string[] {
  return [kekArn, ...replicaArns];
}

/** Every KEK that the tenant has or had, the present one last. A KEK that was replaced and is back has several entries. */
export function keksOf({
  retiredKeks,
  kekArn,
  replicaArns,
  branchKeyId,
}: Pick<Tenant, 'kekArn' | 'replicaArns' | 'retiredKeks' | 'branchKeyId'>): readonly RetiredKek[] {
  const branchKeyIds = branchKeyId === undefined ? [] : [branchKeyId];
  return [...retiredKeks, { kekArn, replicaArns, branchKeyIds }];
}

/** Every KEK that anything of the tenant may be wrapped by. */
export function everyKekArn(tenant: Tenant): readonly string[] {
  const retired = tenant.retiredKeks.flatMap(({ kekArn, replicaArns }) => [kekArn, ...replicaArns]);
  return [...new Set([...currentKekArns(tenant), ...retired])];
}

/**
 * The tenant, if it may restore: it is registered and active.
 * @throws TenantUnknownError when it is not registered
 * @throws TenantRevokedError when it is registered but not active
 */
export function requireActive(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  return requireStatus(requireRegistered(tenant, tenantId), ['active']);
}

/** Whether what is planned for it may be encrypted. */
export function mayEncrypt({ status }: Tenant): boolean {
  return ['active', 'offboarding'].includes(status);
}

/**
 * The tenant, if what is planned for it may be encrypted: it is active, or on its way out.
 * @throws TenantUnknownError, TenantRevokedError as requireActive does
 */
export function requireEncrypting(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  return requireStatus(requireRegistered(tenant, tenantId), ['active', 'offboarding']);
}

/**
 * The tenant, if new objects may be planned for it: whatever the state of its key, unless it leaves or has left.
 * @throws TenantUnknownError when it is not registered
 * @throws TenantOffboardedError when its intake is closed
 */
export function requireIntake(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  const registered = requireRegistered(tenant, tenantId);
  if (!['offboarding', 'offboarded'].includes(registered.status)) return registered;
  throw new TenantOffboardedError(`tenant ${tenantId} is ${registered.status}: nothing new is taken for it`);
}

/** @throws TenantUnknownError when it is not registered */
export function requireRegistered(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  if (tenant !== undefined) return tenant;
  throw new TenantUnknownError(`tenant ${tenantId} is not registered; onboard it, then upload again`);
}

function requireStatus(tenant: Tenant, statuses: readonly TenantStatus[]): Tenant {
  const { tenantId, kekArn, status } = tenant;
  if (statuses.includes(status)) return tenant;
  throw new TenantRevokedError(
    `tenant ${tenantId} is ${status} since ${sinceWhat(tenant)}; ` +
      `work waits until its key ${kekArn} is active again`,
  );
}

/** What keeps the tenant from being active, in words: everything that stands against its keys. */
export function sinceWhat({ signal, kekArn: own }: Tenant): string {
  const reasons = reasonsIn(signal);
  return (reasons.length === 0 ? [signal] : reasons)
    .map(({ name, at, kekArn = own }) => `${name}${kekArn === own ? '' : ` of ${kekArn}`} at ${at}`)
    .join(' and ');
}
