/**
 * Makes messages as somebody could who has the DEK: every tag verifies, whatever the header and the frames claim. So a
 * message that is refused is refused for what it claims.
 */
import {
  EncryptedDataKey,
  getEncryptHelper,
  KeyringTraceFlag,
  NodeAlgorithmSuite,
  NodeEncryptionMaterial,
} from '@aws-crypto/client-node';
import { aadFactory, ContentType, serializeFactory } from '@aws-crypto/serialize';
import { randomBytes } from 'node:crypto';
import { CONTEXT } from './messages.ts';
import type { KmsStandIn } from './kms-stand-in.ts';
import { ACME } from './tenants.ts';

export interface ForgedFrame {
  readonly sequenceNumber: number;
  readonly content: Uint8Array;
  readonly isFinalFrame: boolean;
  /** The length that a final frame names. Default: that of its content. */
  readonly contentLength?: number;
}

export interface Forgery {
  readonly frames: readonly ForgedFrame[];
  /** The section of the encryption context, with its length. Default: that of the tests' context. */
  readonly contextSection?: Uint8Array;
  readonly suiteId?: number;
  readonly contentType?: number;
  readonly frameLength?: number;
  readonly wrappedDeks?: (own: Uint8Array) => Uint8Array;
  readonly commitment?: Uint8Array;
}

const SUITE = 0x04_78;
const IV_BYTES = 12;
const utf8 = (text: string): Buffer => Buffer.from(text);
const { serializeEncryptionContext, serializeEncryptedDataKeys } = serializeFactory(utf8, {
  utf8Sorting: true,
});
const { messageAAD, messageAADContentString } = aadFactory(utf8);

/** Returns the message, whose DEK acme's KEK wraps under the tests' context. */
export async function forge(kms: KmsStandIn, forgery: Forgery): Promise<Buffer> {
  const { contextSection = serializeEncryptionContext({ ...CONTEXT }), wrappedDeks = (own) => own } = forgery;
  const material = await materialOf(kms);
  const messageId = randomBytes(32);
  const { getCipher, keyCommitment } = getEncryptHelper(material).getCipherInfo(messageId);
  const header = Buffer.concat([
    Buffer.of(2),
    uint(forgery.suiteId ?? SUITE, 2),
    messageId,
    contextSection,
    wrappedDeks(serializeEncryptedDataKeys(material.encryptedDataKeys)),
    Buffer.of(forgery.contentType ?? ContentType.FRAMED_DATA),
    uint(forgery.frameLength ?? 1_048_576, 4),
    forgery.commitment ?? keyCommitment ?? Buffer.alloc(0),
  ]);
  function sealed(iv: Buffer, aad: Uint8Array, content: Uint8Array): readonly Buffer[] {
    const cipher = getCipher(iv).setAAD(Buffer.from(aad));
    const ciphertext = cipher.update(Buffer.from(content));
    cipher.final();
    return [ciphertext, cipher.getAuthTag()];
  }
  const frames = forgery.frames.flatMap((frame) => {
    const { sequenceNumber, content, isFinalFrame, contentLength = content.length } = frame;
    const iv = Buffer.concat([Buffer.alloc(IV_BYTES - 4), uint(sequenceNumber, 4)]);
    const kind = messageAADContentString({ contentType: ContentType.FRAMED_DATA, isFinalFrame });
    const aad = messageAAD(messageId, kind, sequenceNumber, contentLength);
    const number = uint(sequenceNumber, 4);
    const start = isFinalFrame ? [uint(0xff_ff_ff_ff, 4), number, iv, uint(contentLength, 4)] : [number, iv];
    return [...start, ...sealed(iv, aad, content)];
  });
  return Buffer.concat([header, ...sealed(Buffer.alloc(IV_BYTES), header, Buffer.alloc(0)), ...frames]);
}

export function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

async function materialOf(kms: KmsStandIn): Promise<NodeEncryptionMaterial> {
  const request = { KeyId: ACME.kekArn, NumberOfBytes: 32, EncryptionContext: { ...CONTEXT } };
  const { Plaintext = new Uint8Array(), CiphertextBlob = new Uint8Array() } =
    await kms.generateDataKey(request);
  const name = { keyName: ACME.kekArn, keyNamespace: 'aws-kms' };
  const { WRAPPING_KEY_GENERATED_DATA_KEY, WRAPPING_KEY_ENCRYPTED_DATA_KEY } = KeyringTraceFlag;
  return new NodeEncryptionMaterial(new NodeAlgorithmSuite(SUITE), { ...CONTEXT })
    .setUnencryptedDataKey(Uint8Array.from(Plaintext), { ...name, flags: WRAPPING_KEY_GENERATED_DATA_KEY })
    .addEncryptedDataKey(
      new EncryptedDataKey({
        providerId: name.keyNamespace,
        providerInfo: name.keyName,
        encryptedDataKey: CiphertextBlob,
      }),
      WRAPPING_KEY_ENCRYPTED_DATA_KEY,
    );
}
