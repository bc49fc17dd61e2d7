/** The record of a tenant: its KEK, the way DEKs come from it, and the state of its key. */
import * as z from 'zod';
import { type TenantSignal, tenantSignalSchema } from './key-signal.ts';
import { tenantIdSchema, type TenantId } from './tenant-id.ts';

/**
 * The state of a tenant. status.ts says what each status allows. `pending`: it is registered, its key is not proven
 * yet. `revoked`: the tenant took its key away; events and probes bring it back. `suspended`: we stopped it, and only
 * we resume it. `offboarding`: nothing new is taken, and what is planned is still sealed. `offboarded`: its keys are
 * used no more.
 */
export type TenantStatus = 'pending' | 'active' | 'revoked' | 'suspended' | 'offboarding' | 'offboarded';

/**
 * The key modes: the sources of a message's DEK. `per-chunk`: one GenerateDataKey per message, never reused. `cached`:
 * a DEK is reused until it is `maxKeyAgeSeconds` old or worn out. `hierarchical`: a DEK per message, wrapped by a
 * branch key that the KEK wraps.
 */
export const KEY_MODES = ['per-chunk', 'cached', 'hierarchical'] as const;
export type KeyMode = (typeof KEY_MODES)[number];

/**
 * The bound on a tenant's cached keys. `pooled`: they share one bound with those of other tenants. `dedicated`: they
 * have a bound of their own.
 */
export type Isolation = 'pooled' | 'dedicated';

/**
 * A KEK that was replaced, or replicas that a KEK no longer has. What they wrapped stays readable while the KEK lives.
 * No new object is encrypted under them.
 */
export interface RetiredKek {
  readonly kekArn: string;
  readonly replicaArns: readonly string[];
  readonly branchKeyIds: readonly string[];
}

/** A ciphertext that a key made for its probes (revocation/probe-ciphertext.ts). Nothing in it is secret. */
export interface ProbeCiphertext {
  readonly kekArn: string;
  /** The name that stands for the tenant in its encryption context. */
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
  /** The KEKs that it had before, newest last. */
  readonly retiredKeks: readonly RetiredKek[];
  /** True when the KEK is in a CloudHSM or an external key store, which may be out of reach. Default false. */
  readonly customKeyStore: boolean;
  /** The regions that its KEK and the replicas may be in. An empty list allows all regions. */
  readonly allowedRegions: readonly string[];
  /** Default `per-chunk`. */
  readonly keyMode: KeyMode;
  /** Default `pooled`. */
  readonly isolation: Isolation;
  /** The branch key under the current KEK: `{tenantId}.{uuid}`. Absent until the control plane has made one. */
  readonly branchKeyId?: string | undefined;
  /** True when a rotation of the KEK makes a new version of the branch key. Default false. */
  readonly rotateWithKek: boolean;
  /** The time that a cached key may be used: 0 (nothing is cached) to 3,600. Default 60. */
  readonly maxKeyAgeSeconds: number;
  readonly status: TenantStatus;
  /** One ciphertext of each key in use. Absent until the control plane has made them. */
  readonly probeCiphertexts?: readonly ProbeCiphertext[] | undefined;
  /** Counts the changes of the tenant's key state. A change drops every cached key of the tenant. */
  readonly epoch: number;
  /** The signal that last decided whether its keys may be used, and what stands against each of them. */
  readonly signal: TenantSignal;
}

export const kekArnSchema: z.ZodType<string> = z
  .string()
  .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/u, 'is not a KMS key ARN');

/** A default is for a record that was written before the member was known. */
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
  keyMode: z.enum(KEY_MODES).default('per-chunk'),
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

/**
 * Returns the KEK that new objects are encrypted under, and its replicas. The tenant is active only while all of them
 * work.
 */
export function currentKekArns({
  kekArn,
  replicaArns,
}: Pick<Tenant, 'kekArn' | 'replicaArns'>): readonly string[] {
  return [kekArn, ...replicaArns];
}

/**
 * Returns every KEK that the tenant has or had, the present one last. A KEK that was replaced and is back has several
 * entries.
 */
export function keksOf({
  retiredKeks,
  kekArn,
  replicaArns,
  branchKeyId,
}: Pick<Tenant, 'kekArn' | 'replicaArns' | 'retiredKeks' | 'branchKeyId'>): readonly RetiredKek[] {
  const branchKeyIds = branchKeyId === undefined ? [] : [branchKeyId];
  return [...retiredKeks, { kekArn, replicaArns, branchKeyIds }];
}

/** Returns the ARNs of all keys that may have wrapped anything of the tenant, the present KEK first. */
export function everyKekArn(tenant: Tenant): readonly string[] {
  return [...new Set([tenant, ...tenant.retiredKeks].flatMap(currentKekArns))];
}
