/**
 * A stand-in for KMS at the envelope's port, for tests of the product's core. It encrypts with real AES-256-GCM under a
 * KEK, takes the encryption context as additional authenticated data, and refuses with the exceptions of KMS.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type {
  DecryptRequest,
  GenerateDataKeyRequest,
  KmsAnswer,
  DataPathKms,
} from '../../shared/ports/kms.ts';

export interface KmsCall {
  readonly operation: 'GenerateDataKey' | 'Decrypt' | 'Encrypt';
  readonly keyArn: string;
  readonly context: Readonly<Record<string, string>>;
}

export interface KmsStandIn extends DataPathKms {
  /** Serves stock keyrings that wrap one DEK under several keys. */
  encrypt(request: EncryptRequest): Promise<KmsAnswer>;
  /** Makes a key; `material` is 32 bytes, random by default. */
  addKey(keyArn: string, material?: Uint8Array): void;
  /** Answers every call of the key with this exception until `allow`. */
  refuse(keyArn: string, exceptionName: string): void;
  allow(keyArn: string): void;
  /** The calls in order; the request id of the first one is `request-1`. */
  readonly calls: readonly KmsCall[];
  /** The very buffers of plaintext DEKs that the callers got. */
  readonly plaintextDeks: readonly Uint8Array[];
}

interface EncryptRequest {
  readonly KeyId: string;
  readonly Plaintext: Uint8Array;
  readonly EncryptionContext?: Record<string, string>;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function kmsStandIn(): KmsStandIn {
  const keys = new Map<string, Uint8Array>();
  const refusals = new Map<string, string>();
  const calls: KmsCall[] = [];
  const plaintextDeks: Uint8Array[] = [];

  async function keyFor(call: KmsCall): Promise<Uint8Array> {
    await new Promise(setImmediate);
    const material = keys.get(call.keyArn);
    const refusal = refusals.get(call.keyArn) ?? (material === undefined ? 'NotFoundException' : undefined);
    if (refusal !== undefined || material === undefined) throw exception(refusal);
    return material;
  }

  function counted(call: KmsCall): { readonly requestId: string } {
    calls.push(call);
    return { requestId: `request-${calls.length}` };
  }

  return {
    calls,
    plaintextDeks,
    addKey: (keyArn, material = randomBytes(32)) => void keys.set(keyArn, material),
    refuse: (keyArn, exceptionName) => void refusals.set(keyArn, exceptionName),
    allow: (keyArn) => void refusals.delete(keyArn),
    async generateDataKey({ KeyId, NumberOfBytes = 32, EncryptionContext = {} }: GenerateDataKeyRequest) {
      const call = { operation: 'GenerateDataKey', keyArn: KeyId, context: EncryptionContext } as const;
      const $metadata = counted(call);
      const material = await keyFor(call);
      const dek = randomBytes(NumberOfBytes);
      const wrapped = wrap(material, dek, boundTo(EncryptionContext, KeyId));
      plaintextDeks.push(dek);
      return { KeyId, Plaintext: dek, CiphertextBlob: wrapped, $metadata };
    },
    async encrypt({ KeyId, Plaintext, EncryptionContext = {} }) {
      const call = { operation: 'Encrypt', keyArn: KeyId, context: EncryptionContext } as const;
      const $metadata = counted(call);
      const material = await keyFor(call);
      return {
        KeyId,
        CiphertextBlob: wrap(material, Plaintext, boundTo(EncryptionContext, KeyId)),
        $metadata,
      };
    },
    async decrypt({ KeyId = '', CiphertextBlob, EncryptionContext = {} }: DecryptRequest) {
      const call = { operation: 'Decrypt', keyArn: KeyId, context: EncryptionContext } as const;
      const $metadata = counted(call);
      const material = await keyFor(call);
      const dek = unwrap(material, CiphertextBlob, boundTo(EncryptionContext, KeyId));
      plaintextDeks.push(dek);
      return { KeyId, Plaintext: dek, $metadata };
    },
  };
}

function wrap(material: Uint8Array, dek: Uint8Array, context: Uint8Array): Uint8Array {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', material, iv).setAAD(context);
  const ciphertext = Buffer.concat([cipher.update(dek), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
}

function unwrap(material: Uint8Array, blob: Uint8Array, context: Uint8Array): Uint8Array {
  try {
    const iv = blob.subarray(0, IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', material, iv, { authTagLength: TAG_BYTES })
      .setAAD(context)
      .setAuthTag(blob.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(blob.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw exception('InvalidCiphertextException');
  }
}

/** Returns the additional authenticated data. JSON keeps names and values apart: `{a: 'bc'}` is not `{ab: 'c'}`. */
function boundTo(context: Record<string, string>, keyArn: string): Uint8Array {
  const pairs = Object.entries(context).sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.from(JSON.stringify([sameInEveryRegion(keyArn), pairs]));
}

/** Returns the ARN without its region for a multi-Region key: its replicas are one key, and only the region differs. */
function sameInEveryRegion(keyArn: string): string {
  return keyArn.replace(/^(arn:aws:kms):[^:]+(:\d+:key\/mrk-)/u, '$1$2');
}

function exception(name = 'InternalException'): Error {
  return Object.assign(new Error(`KMS answered ${name}`), { name });
}
