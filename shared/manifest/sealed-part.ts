/**
 * The two halves that everything sealed has in common: the facts that anybody who may read the vault may know, and what
 * may be private. Both are sealed together, so that no fact can be edited (FORMAT rules 14 to 16, and 29).
 */
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { ManifestInvalidError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Attributes, SourceChecksum } from '../object/attributes.ts';
import { type ObjectId, objectIdSchema } from '../object/object-id.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

/** The facts about a sealed object that are no secret. */
export interface ObjectFacts {
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  readonly sizeBytes: number;
  readonly kekArn: string;
  /** The tenant's epoch when the object was sealed. */
  readonly epoch: number;
  readonly sourceVersionId: string;
  readonly sequencer: string;
  /** ISO 8601, UTC. */
  readonly sealedAt: string;
}

/** A clear part, and what may be private, as they rest encrypted under the tenant's KEK. */
export interface SealedCopy<Clear> {
  readonly clear: Clear;
  /** The object's name. What was renamed in the vault does not open. */
  readonly key: string;
  readonly attributes: Attributes;
  readonly checksums: readonly SourceChecksum[];
}

/** The schemas of the facts. */
export const factsShape: {
  readonly tenantId: typeof tenantIdSchema;
  readonly objectId: typeof objectIdSchema;
  readonly sizeBytes: z.ZodInt;
  readonly kekArn: z.ZodString;
  readonly epoch: z.ZodInt;
  readonly sourceVersionId: z.ZodString;
  readonly sequencer: z.ZodString;
  readonly sealedAt: z.ZodISODateTime;
} = {
  tenantId: tenantIdSchema,
  objectId: objectIdSchema,
  sizeBytes: z.int().min(0),
  kekArn: z.string(),
  epoch: z.int().min(0),
  sourceVersionId: z.string(),
  sequencer: z.string(),
  sealedAt: z.iso.datetime(),
};

/** A record of strings. It is not `z.record`, which loses a member called `__proto__`. */
const stringsSchema = z.custom<Readonly<Record<string, string>>>(
  (value) =>
    z.object({}).loose().safeParse(value).success &&
    Object.values(Object(value)).every((v) => typeof v === 'string'),
);

/** Returns the schema of a sealed copy of such a clear part. */
export function sealedCopySchema<Clear>(clear: z.ZodType<Clear>): z.ZodType<SealedCopy<Clear>> {
  return z.strictObject({
    clear,
    key: z.string(),
    attributes: z.strictObject({
      contentType: z.string().optional(),
      cacheControl: z.string().optional(),
      contentDisposition: z.string().optional(),
      contentEncoding: z.string().optional(),
      contentLanguage: z.string().optional(),
      expires: z.string().optional(),
      metadata: stringsSchema,
      tags: stringsSchema,
    }),
    checksums: z.array(
      z.strictObject({
        algorithm: z.enum(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']),
        type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
        value: z.string(),
      }),
    ),
  });
}

/** @throws ManifestInvalidError when another clear part was sealed, or the object has another name */
export function requireSealedAs<Clear>(copy: SealedCopy<Clear>, clear: Clear, key: string): void {
  if (!isDeepStrictEqual(copy.clear, clear))
    throw new ManifestInvalidError('manifest: its clear part is not the one that was sealed');
  if (copy.key !== key) throw new ManifestInvalidError('manifest: it was sealed under another name');
}

/** @throws ManifestInvalidError naming the fields that are malformed; it quotes nothing of the text */
export function parsePart<T>(schema: z.ZodType<T>, text: string, what: string): T {
  const parsed = schema.safeParse(parseJson(text, () => new ManifestInvalidError(`${what}: not JSON`)));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'the document');
  throw new ManifestInvalidError(`${what}: malformed in ${fields.join(', ')}`);
}
