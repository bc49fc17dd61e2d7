/**
 * FORMAT rules 13 to 17: the manifest, which makes an object readable. It is small whatever the object's size. Its
 * clear part says how the object is divided, and under which KEK. Its sealed part holds what may be private and a copy
 * of the clear part, so that no field can be edited.
 */
import * as z from 'zod';
import { ManifestInvalidError } from '../errors.ts';
import { FORMAT } from '../object/context.ts';
import { type Geometry, geometryOf } from '../object/geometry.ts';
import { MAX_MANIFEST_BYTES } from '../ports/vault.ts';
import {
  factsShape,
  type ObjectFacts,
  parsePart,
  requireSealedAs,
  type SealedCopy,
  sealedCopySchema,
} from './sealed-part.ts';

/** The part that anybody who may read the vault may know. */
export interface ClearPart extends ObjectFacts, Geometry {
  readonly format: typeof FORMAT;
}

/** The part that rests encrypted under the tenant's KEK. */
export type SealedPart = SealedCopy<ClearPart>;

/** A manifest as it rests in the vault: the clear part and the sealed part's message. */
export interface Manifest {
  readonly clear: ClearPart;
  readonly sealed: Uint8Array;
}

const clearPartShape = {
  format: z.literal(FORMAT),
  ...factsShape,
  chunkBytes: z.int().min(1),
  chunkCount: z.int().min(1),
};

const manifestSchema = z.strictObject({ ...clearPartShape, sealed: z.base64() });
const sealedPartSchema: z.ZodType<SealedPart> = sealedCopySchema(z.strictObject(clearPartShape));

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
  const { sealed, ...clear } = parsePart(manifestSchema, Buffer.from(body).toString('utf8'), 'manifest');
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
  const part = parsePart(sealedPartSchema, Buffer.from(body).toString('utf8'), 'sealed part');
  requireSealedAs(part, clear, key);
  return part;
}

function tooLarge(): ManifestInvalidError {
  return new ManifestInvalidError(`manifest: empty, or larger than ${MAX_MANIFEST_BYTES} bytes`);
}
