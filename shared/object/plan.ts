/**
 * The plan of one upload: its source version, its tenant and name, and its division into chunks. It rests in the state
 * table, which others may write to, so it is believed only as far as it proves itself: its object id, its tenant and
 * its division all follow from the source version, and the source version can be read as planned or not at all.
 */
import * as z from 'zod';
import { PlanInvalidError } from '../errors.ts';
import { kekArnSchema } from '../tenant/tenant.ts';
import { tenantIdSchema, type TenantId } from '../tenant/tenant-id.ts';
import { geometryOf, type Geometry, MAX_CHUNK_BYTES } from './geometry.ts';
import { objectIdOf, objectIdSchema, type ObjectId } from './object-id.ts';
import { type SourceVersion, sourceVersionShape, type Upload } from './source-version.ts';

export interface Plan extends Geometry {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  /** The object's name as the tenant sees it: the source key without the tenant id. */
  readonly key: string;
  readonly source: SourceVersion;
  /** The KEK that all of the object is under, whatever KEK the tenant changes to. */
  readonly kekArn: string;
  /** The number of times the object was planned anew. Chunks of an earlier generation count no more. */
  readonly generation: number;
  /** ISO 8601, UTC. */
  readonly plannedAt: string;
  /** The number of jobs known to be on the queue; a redelivered event goes on from here. */
  readonly jobsSent: number;
  /** ISO 8601, UTC. It is set once the manifest is durable and verified. */
  readonly sealedAt?: string | undefined;
  /** The SHA-256, in base64, of every manifest that we were about to write for this generation. */
  readonly manifestDigests?: ReadonlySet<string> | undefined;
  /** The refusal of S3 that makes the source unreadable for good. Remove it, and the watch re-drives the upload. */
  readonly unreadable?: Unreadable | undefined;
}

/** The proof that a chunk is written: S3's answer to the request that wrote it tells these bytes from any others. */
export interface Receipt {
  /** The ETag as S3 sends it, quotes included. */
  readonly etag: string;
  /** The CRC-32 that S3 holds of the chunk, in base64. It is empty when S3 answered none. */
  readonly checksum: string;
}

export interface Unreadable {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The answer of S3, and what a person can do. */
  readonly reason: string;
}

const planRowSchema = z.object({
  tenantId: tenantIdSchema,
  objectId: objectIdSchema,
  key: z.string().min(1),
  source: z.object(sourceVersionShape),
  kekArn: kekArnSchema,
  // Plans of version 0.1.0 have none.
  generation: z.int().min(0).default(0),
  sizeBytes: z.int().min(0),
  chunkBytes: z.int().min(1).max(MAX_CHUNK_BYTES),
  chunkCount: z.int().min(1),
  plannedAt: z.string(),
  jobsSent: z.int().min(0),
  sealedAt: z.string().optional(),
  manifestDigests: z.set(z.string()).optional(),
  unreadable: z.object({ at: z.string(), reason: z.string() }).optional(),
});

export const planSchema: z.ZodType<Plan> = planRowSchema.check(({ value, issues }) => {
  const contradicted = contradictions(value);
  for (const message of contradicted) issues.push({ code: 'custom', message, input: value });
});

/**
 * Returns the plan that a row of the state table holds, which was asked for by its object id.
 * @throws PlanInvalidError when the plan is malformed, contradicts itself, or is another object's
 */
export function planOfRow(row: unknown, objectId: ObjectId): Plan {
  const { data, error } = planSchema.safeParse(row);
  if (data?.objectId === objectId) return data;
  const why = error === undefined ? 'it is the plan of another object' : z.prettifyError(error);
  throw new PlanInvalidError(
    `the plan in row object#${objectId} of the state table does not prove itself, so somebody else wrote it; ` +
      `nothing was done for it. Delete the row, and the watch plans the upload anew. ${why}`,
  );
}

/** The choices that a plan adds to its upload. */
export interface PlanChoices {
  readonly kekArn: string;
  readonly chunkBytes: number;
  readonly plannedAt: Date;
}

/** Plans an upload for the first time. */
export function planOf(
  { tenantId, key, source, sizeBytes }: Upload,
  { kekArn, chunkBytes, plannedAt }: PlanChoices,
): Plan {
  return {
    tenantId,
    objectId: objectIdOf(source.bucket, source.key, source.versionId),
    key,
    source,
    kekArn,
    generation: 0,
    ...geometryOf(sizeBytes, chunkBytes),
    plannedAt: plannedAt.toISOString(),
    jobsSent: 0,
  };
}

function contradictions({ objectId, tenantId, key, source, ...geometry }: Plan): readonly string[] {
  const { sizeBytes, chunkBytes, chunkCount } = geometry;
  return [
    ...(objectIdOf(source.bucket, source.key, source.versionId) === objectId
      ? []
      : ['the object id is not the one of its source']),
    ...(source.key === `${tenantId}/${key}` ? [] : ['the source is not an upload of this tenant and name']),
    ...(geometryOf(sizeBytes, chunkBytes).chunkCount === chunkCount
      ? []
      : ['size, chunk size and chunk count contradict each other']),
  ];
}
