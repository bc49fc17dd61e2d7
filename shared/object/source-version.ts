/** One version of one upload in the ingest bucket: its owner, its name, and the form in which S3 writes its key. */
import * as z from 'zod';
import { EventInvalidError, TenantUnknownError } from '../errors.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

export interface Upload {
  readonly tenantId: TenantId;
  /** The source key without the tenant id and its slash. It is never empty. */
  readonly key: string;
  readonly source: SourceVersion;
  readonly sizeBytes: number;
}

/** One immutable version of one object in the ingest bucket. */
export interface SourceVersion {
  readonly bucket: string;
  /** The full key, which begins with the tenant id and a slash. */
  readonly key: string;
  readonly versionId: string;
  /**
   * The value that orders the versions of one key (manifest/sequencer.ts). It is empty when S3's notification was lost.
   */
  readonly sequencer: string;
  /** ISO 8601, UTC. This time orders the versions when a sequencer is missing. */
  readonly uploadedAt: string;
}

/** The schemas of a source version's members. A sequencer is hexadecimal. */
export const sourceVersionShape: {
  readonly bucket: z.ZodString;
  readonly key: z.ZodString;
  readonly versionId: z.ZodString;
  readonly sequencer: z.ZodString;
  readonly uploadedAt: z.ZodISODateTime;
} = {
  bucket: z.string(),
  key: z.string(),
  versionId: z.string(),
  sequencer: z.string().regex(/^[0-9A-Fa-f]*$/u),
  uploadedAt: z.iso.datetime(),
};

/**
 * Splits a key of the ingest bucket into its tenant's id and the object's name.
 * @throws TenantUnknownError when the key does not begin with a tenant id and a slash
 * @throws EventInvalidError when nothing follows the slash
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

/**
 * Decodes a key as S3 writes it in notifications and listings: a space is `+`, a plus is `%2B`, the slash stays.
 * @throws EventInvalidError when the key is not form-encoded
 */
export function decodeFormKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (cause) {
    throw new EventInvalidError('the object key is not form-encoded UTF-8, as S3 sends it', { cause });
  }
}

/** Encodes a key as S3 does: the inverse of `decodeFormKey`. */
export function encodeFormKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}
