/** What we know of a tenant: its KEK, how DEKs come from it, and whether work may use it now. */
import * as z from 'zod';
import { type TenantSignal, tenantSignalSchema } from './key-signal.ts';
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

/** Every KEK that anything of the tenant may be wrapped by, the present one first. */
export function everyKekArn(tenant: Tenant): readonly string[] {
  return [...new Set([tenant, ...tenant.retiredKeks].flatMap(currentKekArns))];
}
