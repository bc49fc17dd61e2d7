/** The progress of a tenant's removal. When the removal is done, this record is the summary that stays. */
import * as z from 'zod';
import { type TenantId, tenantIdSchema } from './tenant-id.ts';
import { type NamedVersions, namedVersionsSchema } from './named-versions.ts';

/** The steps in order. `drain` seals what is planned. */
const STEPS = ['drain', 'drop-keys', 'ciphertext', 'branch-keys', 'done'] as const;

export type RemovalStep = (typeof STEPS)[number];

export interface Removal {
  readonly tenantId: TenantId;
  readonly signedOffBy: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt?: string | undefined;
  readonly step: RemovalStep;
  /** True when its key was never proven, so nothing was ever encrypted for it. */
  readonly neverActive?: boolean | undefined;
  /** The time since which no work is begun with its keys. ISO 8601, UTC. */
  readonly keysDroppedAt?: string | undefined;
  /** True when what is planned is sealed first. */
  readonly drain: boolean;
  /** The number of uploads still to be sealed, and the time it last changed. */
  readonly draining?: Draining | undefined;
  readonly deleteCiphertext: boolean;
  /** True to make everything unreadable that the branch keys wrapped, for everybody. Default false. */
  readonly shredBranchKeys: boolean;
  /** Every KEK that may have wrapped anything of the tenant. */
  readonly kekArns: readonly string[];
  readonly branchKeyIds: readonly string[];
  /** Deleted rows of the key store, those of all versions included. */
  readonly branchKeyRowsDeleted: number;
  /** Deleted versions and delete markers in the vault. */
  readonly ciphertextVersionsDeleted: number;
  /** Versions in the vault that S3 does not let us delete. */
  readonly ciphertextLeft?: NamedVersions | undefined;
  /** The last version that S3 did not let us delete. The search goes on behind it. */
  readonly deletedUpTo?: { readonly key: string; readonly versionId: string } | undefined;
  /** Parked jobs that were not done. */
  readonly jobsLeftParked: number;
  /** Versions in the ingest bucket that are not sealed: plaintext that somebody has to decide about. */
  readonly uploadsLeft: number;
  /** The uploads left that nothing will ever seal, with the reason. */
  readonly unsealable?: NamedVersions | undefined;
}

export interface Draining {
  readonly waiting: number;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** Members are optional or have a default where a removal may have begun before the member was known. */
export const removalSchema: z.ZodType<Removal> = z.object({
  tenantId: tenantIdSchema,
  signedOffBy: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  step: z.enum(STEPS),
  neverActive: z.boolean().optional(),
  keysDroppedAt: z.iso.datetime().optional(),
  drain: z.boolean(),
  draining: z.object({ waiting: z.int(), since: z.iso.datetime() }).optional(),
  deleteCiphertext: z.boolean(),
  shredBranchKeys: z.boolean().default(false),
  kekArns: z.array(z.string()),
  branchKeyIds: z.array(z.string()),
  branchKeyRowsDeleted: z.int(),
  ciphertextVersionsDeleted: z.int(),
  ciphertextLeft: namedVersionsSchema.optional(),
  deletedUpTo: z.object({ key: z.string(), versionId: z.string() }).optional(),
  jobsLeftParked: z.int(),
  uploadsLeft: z.int(),
  unsealable: namedVersionsSchema.optional(),
});

/** True when the branch keys are shredded: always with the ciphertext, and without it when that was asked for. */
export function shredsBranchKeys({
  deleteCiphertext,
  shredBranchKeys,
}: Pick<Removal, 'deleteCiphertext' | 'shredBranchKeys'>): boolean {
  return deleteCiphertext || shredBranchKeys;
}
