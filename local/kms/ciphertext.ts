/**
 * The ciphertext blob under AES-256-GCM: `1 | length of key id | key id | material id (32) | IV (12) | ciphertext |
 * tag (16)`. The additional data authenticate everything before the IV and the whole encryption context.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { kmsError } from './errors.ts';
import type { KeyMaterial } from './store.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

export interface CiphertextHeader {
  readonly keyId: string;
  /** The id of the material, 64 hex digits. */
  readonly materialId: string;
  /** The number of bytes before the IV. */
  readonly headerBytes: number;
}

const FORMAT = 1;
const MATERIAL_ID_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export function sealBlob(
  { keyId, material }: { readonly keyId: string; readonly material: KeyMaterial },
  context: EncryptionContext,
  plaintext: Buffer,
): Buffer {
  const header = Buffer.concat([
    Buffer.from([FORMAT, keyId.length]),
    Buffer.from(keyId, 'ascii'),
    Buffer.from(material.id, 'hex'),
  ]);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(material.bytes, 'base64'), iv);
  cipher.setAAD(additionalData(header, context));
  return Buffer.concat([header, iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Reads the header of a blob. It is authentic only once openBlob has succeeded.
 * @throws InvalidCiphertextException
 */
export function readHeader(blob: Buffer): CiphertextHeader {
  const idEnd = 2 + (blob[1] ?? 0);
  const headerBytes = idEnd + MATERIAL_ID_BYTES;
  if (blob[0] !== FORMAT || blob.length < headerBytes + IV_BYTES + TAG_BYTES) throw invalidCiphertext();
  return {
    keyId: blob.toString('latin1', 2, idEnd),
    materialId: blob.toString('hex', idEnd, headerBytes),
    headerBytes,
  };
}

/**
 * Decrypts a blob.
 * @throws InvalidCiphertextException, the same for every way in which a blob can be wrong
 */
export function openBlob(
  blob: Buffer,
  materials: readonly KeyMaterial[],
  context: EncryptionContext,
): Buffer {
  const { materialId, headerBytes } = readHeader(blob);
  const material = materials.find(({ id }) => id === materialId);
  if (material === undefined) throw invalidCiphertext();
  const iv = blob.subarray(headerBytes, headerBytes + IV_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(material.bytes, 'base64'), iv, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(additionalData(blob.subarray(0, headerBytes), context));
  decipher.setAuthTag(blob.subarray(-TAG_BYTES));
  const plaintext = decipher.update(blob.subarray(headerBytes + IV_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

/** Returns the refusal, to which AWS gives no message. */
function invalidCiphertext(): Error {
  return kmsError('InvalidCiphertextException', '');
}

/**
 * Returns the additional data: sorted pairs, each text preceded by its length. Contexts that differ have different
 * encodings, and the order of a context does not matter.
 */
function additionalData(header: Buffer, context: EncryptionContext): Buffer {
  const names = Object.keys(context).sort();
  return Buffer.concat([header, ...names.flatMap((name) => [counted(name), counted(context[name] ?? '')])]);
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
