/** The plan of one upload: which version of which object, under whose name, divided how. Written once, then read. */
import * as z from 'zod';
import { kekArnSchema } from '../tenant/tenant.ts';
import { tenantIdSchema, type TenantId } from '../tenant/tenant-id.ts';
import { geometryOf, type Geometry } from './geometry.ts';
import { objectIdOf, objectIdSchema, type ObjectId } from './object-id.ts';
import type { Upload } from './upload.ts';

/** One immutable version of one object in the ingest bucket. */
export interface SourceVersion {
  readonly bucket: string;
  /** The full key, tenant id and all. */
  readonly key: string;
  readonly versionId: string;
  /** Orders the versions of one key, see manifest/sequencer.ts. Empty where S3's notification was lost. */
  readonly sequencer: string;
  /** ISO 8601, UTC. Orders the versions where a sequencer is missing. */
  readonly uploadedAt: string;
}

export interface Plan extends Geometry {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  /** The object's name as the tenant sees it: the source key without the tenant id. */
  readonly key: string;
  readonly source: SourceVersion;
  /** The tenant's KEK when it was planned: all of the object is under this one, whatever the tenant changes to. */
  readonly kekArn: string;
  /** ISO 8601, UTC. */
  readonly plannedAt: string;
  /** Jobs known to be on the queue; a redelivered event goes on from here. */
  readonly jobsSent: number;
  /** ISO 8601, UTC; set once the manifest is durable and verified. */
  readonly sealedAt?: string | undefined;
}

export const planSchema: z.ZodType<Plan> = z.object({
  tenantId: tenantIdSchema,
  objectId: objectIdSchema,
  key: z.string().min(1),
  source: z.object({
    bucket: z.string(),
    key: z.string(),
    versionId: z.string(),
    sequencer: z.string(),
    uploadedAt: z.iso.datetime(),
  }),
  kekArn: kekArnSchema,
  sizeBytes: z.int().min(0),
  chunkBytes: z.int().min(1),
  chunkCount: z.int().min(1),
  plannedAt: z.string(),
  jobsSent: z.int().min(0),
  sealedAt: z.string().optional(),
});

export function planOf(upload: Upload, kekArn: string, chunkBytes: number, plannedAt: Date): Plan {
  const { tenantId, key, source, sizeBytes } = upload;
  return {
    tenantId,
    objectId: objectIdOf(source.bucket, source.key, source.versionId),
    key,
    source,
    kekArn,
    ...geometryOf(sizeBytes, chunkBytes),
    plannedAt: plannedAt.toISOString(),
    jobsSent: 0,
  };
}
