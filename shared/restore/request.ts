/** The request of a restore: the object, and the place to restore it to. */
import * as z from 'zod';
import { EventInvalidError } from '../errors.ts';
import type { Destination } from '../ports/destinations.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

export interface RestoreRequest {
  readonly tenantId: TenantId;
  /** The object's name, as the tenant uploaded it below `{tenantId}/`. */
  readonly key: string;
  readonly destination: Destination;
}

export interface RestoreBuckets {
  /** The bucket of restored objects unless the request names another. A tenant's objects lie below `{tenantId}/`. */
  readonly restoreBucket: string;
  /** The vault. It is never a destination, because no plaintext may be in it. */
  readonly vaultBucket: string;
}

const requestSchema = z.strictObject({
  tenantId: tenantIdSchema,
  key: z.string().min(1),
  destination: z
    .strictObject({ bucket: z.string().min(1).optional(), key: z.string().min(1).optional() })
    .optional(),
});

/**
 * Parses `{ tenantId, key, destination?: { bucket?, key? } }`. Default destination: the restore bucket,
 * `{tenantId}/{key}`.
 * @throws EventInvalidError when the event is malformed, when the destination is the vault, or when it lies below
 * another tenant's prefix of the restore bucket
 */
export function parseRequest(event: unknown, { restoreBucket, vaultBucket }: RestoreBuckets): RestoreRequest {
  const parsed = requestSchema.safeParse(event);
  if (!parsed.success) throw new EventInvalidError(`not a restore request: ${z.prettifyError(parsed.error)}`);
  const { tenantId, key } = parsed.data;
  const destination = {
    bucket: parsed.data.destination?.bucket ?? restoreBucket,
    key: parsed.data.destination?.key ?? `${tenantId}/${key}`,
  };
  if (destination.bucket === vaultBucket)
    throw new EventInvalidError('plaintext is never restored into the vault');
  if (destination.bucket === restoreBucket && !destination.key.startsWith(`${tenantId}/`)) {
    throw new EventInvalidError(
      `in ${restoreBucket} the objects of tenant ${tenantId} go below ${tenantId}/`,
    );
  }
  return { tenantId, key, destination };
}
