/** How far the removal of a tenant has come; when it is done, what is left to show for it. */
import * as z from 'zod';
import { type TenantId, tenantIdSchema } from './tenant-id.ts';
import { type NamedVersions, namedVersionsSchema } from './named-versions.ts';

/** In order. `drain`: what is planned is sealed first. */
const STEPS = ['drain', 'drop-keys', 'ciphertext', 'branch-keys', 'done'] as const;

export type RemovalStep = (typeof STEPS)[number];

export interface Removal {
  readonly tenantId: TenantId;
  readonly signedOffBy: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt?: string | undefined;
  readonly step: RemovalStep;
  /** Whether its key was never proven, so that nothing was ever encrypted for it. */
  readonly neverActive?: boolean | undefined;
  /** ISO 8601, UTC: since then no work is begun with its keys. */
  readonly keysDroppedAt?: string | undefined;
  /** Whether what is planned is sealed first. */
  readonly drain: boolean;
  /** How many uploads were still to be sealed when their number last changed. */
  readonly draining?: Draining | undefined;
  readonly deleteCiphertext: boolean;
  /** Whether to make what they wrapped unreadable for everybody. Default false. */
  readonly shredBranchKeys: boolean;
  /** Every KEK that anything of it was wrapped by. */
  readonly kekArns: readonly string[];
  readonly branchKeyIds: readonly string[];
  /** Rows of the key store deleted: versions and all. */
  readonly branchKeyRowsDeleted: number;
  /** Versions and delete markers in the vault. */
  readonly ciphertextVersionsDeleted: number;
  /** Versions in the vault that S3 does not let us delete. */
  readonly ciphertextLeft?: NamedVersions | undefined;
  /** The last version that S3 did not let us delete: the search goes on behind it. */
  readonly deletedUpTo?: { readonly key: string; readonly versionId: string } | undefined;
  /** Jobs that were not done. */
  readonly jobsLeftParked: number;
  /** Versions in the ingest bucket that are not sealed: plaintext that somebody has to decide about. */
  readonly uploadsLeft: number;
  /** Those of them that nothing will ever seal, with the reason. */
  readonly unsealable?: NamedVersions | undefined;
}

export interface Draining {
  readonly waiting: number;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** Defaults, and what is optional, are for removals begun before the member was known. */
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

/** Whether the branch keys go: alone by choice, and always with the ciphertext. */
export function shredsBranchKeys({
  deleteCiphertext,
  shredBranchKeys,
}: Pick<Removal, 'deleteCiphertext' | 'shredBranchKeys'>): boolean {
  return deleteCiphertext || shredBranchKeys;
}
