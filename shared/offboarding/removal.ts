/** How far the removal of a tenant has come; when it is done, what is left to show for it. */
import * as z from 'zod';
import { tenantIdSchema, type TenantId } from '../tenant/tenant-id.ts';

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
  /** ISO 8601, UTC: since then no work is begun with its keys. */
  readonly keysDroppedAt?: string | undefined;
  /** Whether what is planned is sealed first. */
  readonly drain: boolean;
  readonly deleteCiphertext: boolean;
  /** Every KEK that anything of it was wrapped by. */
  readonly kekArns: readonly string[];
  readonly branchKeyIds: readonly string[];
  /** Rows of the key store deleted: versions and all. */
  readonly branchKeyRowsDeleted: number;
  /** Versions and delete markers in the vault. */
  readonly ciphertextVersionsDeleted: number;
  /** Jobs that were not done. */
  readonly jobsLeftParked: number;
  /** Versions in the ingest bucket that are not sealed: plaintext that somebody has to decide about. */
  readonly uploadsLeft: number;
}

export const removalSchema: z.ZodType<Removal> = z.object({
  tenantId: tenantIdSchema,
  signedOffBy: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  step: z.enum(STEPS),
  keysDroppedAt: z.iso.datetime().optional(),
  drain: z.boolean(),
  deleteCiphertext: z.boolean(),
  kekArns: z.array(z.string()),
  branchKeyIds: z.array(z.string()),
  branchKeyRowsDeleted: z.int(),
  ciphertextVersionsDeleted: z.int(),
  jobsLeftParked: z.int(),
  uploadsLeft: z.int(),
});

/** Where removals are kept. Implemented by aws/dynamo-removals.ts. */
export interface Removals {
  /** Strongly consistent. */
  read(tenantId: TenantId): Promise<Removal | undefined>;
  write(removal: Removal): Promise<void>;
}
