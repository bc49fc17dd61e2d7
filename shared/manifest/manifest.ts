/**
 * FORMAT rules 13 to 17: the manifest, which makes an object readable. It is small whatever the object's size. Its
 * clear part says how the object is divided, and under which KEK. Its sealed part holds what may be private and a copy
 * of the clear part, so that no field can be edited.
 */
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { ManifestInvalidError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Attributes, SourceChecksum } from '../object/attributes.ts';
import { FORMAT } from '../object/context.ts';
import { type Geometry, geometryOf } from '../object/geometry.ts';
import { type ObjectId, objectIdSchema } from '../object/object-id.ts';
import { MAX_MANIFEST_BYTES } from '../ports/vault.ts';
import { type TenantId, tenantIdSchema } from '../tenant/tenant-id.ts';

/** The part that anybody who may read the vault may know. */
export interface ClearPart extends Geometry {
  readonly format: typeof FORMAT;
  readonly tenantId: TenantId;
  readonly objectId: ObjectId;
  readonly kekArn: string;
  /** The tenant's epoch when the object was sealed. */
  readonly epoch: number;
  readonly sourceVersionId: string;
  readonly sequencer: string;
  /** ISO 8601, UTC. */
  readonly sealedAt: string;
}

/** The part that rests encrypted under the tenant's KEK. */
export interface SealedPart {
  readonly clear: ClearPart;
  /** The object's name. A manifest that was renamed in the vault does not open. */
  readonly key: string;
  readonly attributes: Attributes;
  readonly checksums: readonly SourceChecksum[];
}

/** A manifest as it rests in the vault: the clear part and the sealed part's message. */
export interface Manifest {
  readonly clear: ClearPart;
  readonly sealed: Uint8Array;
}

const clearPartShape = {
  format: z.literal(FORMAT),
  tenantId: tenantIdSchema,
  objectId: objectIdSchema,
  sizeBytes: z.int().min(0),
  chunkBytes: z.int().min(1),
  chunkCount: z.int().min(1),
  kekArn: z.string(),
  epoch: z.int().min(0),
  sourceVersionId: z.string(),
  sequencer: z.string(),
  sealedAt: z.iso.datetime(),
};

const manifestSchema = z.strictObject({ ...clearPartShape, sealed: z.base64() });

/** A record of strings. It is not `z.record`, which loses a member called `__proto__`. */
const stringsSchema = z.custom<Readonly<Record<string, string>>>(
  (value) =>
    z.object({}).loose().safeParse(value).success &&
    Object.values(Object(value)).every((v) => typeof v === 'string'),
);

const sealedPartSchema: z.ZodType<SealedPart> = z.strictObject({
  clear: z.strictObject(clearPartShape),
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

/** @throws ManifestInvalidError when the manifest is so large that no reader would take it */
export function encodeManifest({ clear, sealed }: Manifest): Uint8Array {
  const body = Buffer.from(
    JSON.stringify({ ...clear, sealed: Buffer.from(sealed).toString('base64') }, undefined, 2),
  );
  if (body.length > MAX_MANIFEST_BYTES) throw tooLarge();
  return body;
}

/** @throws ManifestInvalidError when the body is no manifest of this format, or its geometry contradicts itself */
export function decodeManifest(body: Uint8Array): Manifest {
  if (body.length === 0 || body.length > MAX_MANIFEST_BYTES) throw tooLarge();
  const { sealed, ...clear } = parse(manifestSchema, body, 'manifest');
  if (geometryOf(clear.sizeBytes, clear.chunkBytes).chunkCount !== clear.chunkCount) {
    throw new ManifestInvalidError('manifest: size, chunk size and chunk count contradict each other');
  }
  return { clear, sealed: Buffer.from(sealed, 'base64') };
}

export function encodeSealedPart(part: SealedPart): Uint8Array {
  return Buffer.from(JSON.stringify(part));
}

/** @throws ManifestInvalidError when the part is malformed, seals another clear part, or names another object */
export function decodeSealedPart(body: Uint8Array, clear: ClearPart, key: string): SealedPart {
  const part = parse(sealedPartSchema, body, 'sealed part');
  if (!isDeepStrictEqual(part.clear, clear)) {
    throw new ManifestInvalidError('manifest: its clear part is not the one that was sealed');
  }
  if (part.key !== key) throw new ManifestInvalidError('manifest: it was sealed under another name');
  return part;
}

function tooLarge(): ManifestInvalidError {
  return new ManifestInvalidError(`manifest: empty, or larger than ${MAX_MANIFEST_BYTES} bytes`);
}

function parse<T>(schema: z.ZodType<T>, body: Uint8Array, what: string): T {
  const parsed = schema.safeParse(
    parseJson(Buffer.from(body).toString('utf8'), () => new ManifestInvalidError(`${what}: not JSON`)),
  );
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'the document');
  throw new ManifestInvalidError(`${what}: malformed in ${fields.join(', ')}`);
}
