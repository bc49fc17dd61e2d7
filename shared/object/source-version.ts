/** One version of one upload in the ingest bucket: who it belongs to, and what it is called. */
import { EventInvalidError, TenantUnknownError } from '../errors.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

export interface Upload {
  readonly tenantId: TenantId;
  /** The source key without the tenant id and its slash. Never empty. */
  readonly key: string;
  readonly source: SourceVersion;
  readonly sizeBytes: number;
}

/**
 * S3 form-encodes keys in notifications and in listings: a space is `+`, a plus `%2B`, the slash stays.
 * @throws EventInvalidError when it is not form-encoded
 */
export function decodeFormKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (cause) {
    throw new EventInvalidError('the object key is not form-encoded UTF-8, as S3 sends it', { cause });
  }
}

/**
 * Whose upload a key of the ingest bucket is, and its name.
 * @throws EventInvalidError, TenantUnknownError as `uploadOf`
 */
export function splitKey(sourceKey: string): Pick<Upload, 'tenantId' | 'key'> {
  const slash = sourceKey.indexOf('/');
  const tenantId = tenantIdSchema.safeParse(sourceKey.slice(0, Math.max(slash, 0)));
  if (!tenantId.success) {
    throw new TenantUnknownError(
      'the object key does not begin with a tenant id and a slash: {tenantId}/{key}',
    );
  }
  const key = sourceKey.slice(slash + 1);
  if (key === '') throw new EventInvalidError(`the key names no object below ${tenantId.data}/`);
  return { tenantId: tenantId.data, key };
}

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
