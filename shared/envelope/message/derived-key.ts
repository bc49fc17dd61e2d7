/**
 * The key of one message, which the Encryption SDK derives from the DEK and the message id (HKDF-SHA512). The header
 * commits to it, and its tag is the first thing that the key authenticates:
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html#header-authentication
 */
import {
  type GetCipher,
  type GetDecipher,
  getDecryptionHelper,
  getEncryptHelper,
  type NodeDecryptionMaterial,
  type NodeEncryptionMaterial,
} from '@aws-crypto/material-management-node';
import { MessageIdLength } from '@aws-crypto/serialize';
import { randomBytes } from 'node:crypto';
import { type ReadHeader, serializeHeader } from './message-header.ts';
import { SUITE } from './suite.ts';

/** A message that begins: its header with the tag, and the ciphers of its frames. */
export interface NewMessage {
  readonly messageId: Uint8Array;
  readonly header: Buffer;
  readonly getCipher: GetCipher;
}

/** Begins a message whose DEK is that of `material`. */
export function beginMessage(material: NodeEncryptionMaterial): NewMessage {
  const { encryptionContext, encryptedDataKeys } = material;
  const messageId = randomBytes(MessageIdLength.V2);
  const { getCipher, keyCommitment } = getEncryptHelper(material).getCipherInfo(messageId);
  if (keyCommitment === undefined) throw new Error('the suite of the materials does not commit to its key');
  const header = serializeHeader({
    messageId,
    encryptionContext,
    encryptedDataKeys,
    suiteData: keyCommitment,
  });
  const cipher = getCipher(HEADER_IV).setAAD(header);
  cipher.update(EMPTY);
  cipher.final();
  return { messageId, header: Buffer.concat([header, cipher.getAuthTag()]), getCipher };
}

/**
 * Verifies a header by the DEK of `material`, and returns the deciphers of its frames.
 * @throws Error when the DEK is not the one that the header commits to, or the header was altered
 */
export function verifyHeader(header: ReadHeader, material: NodeDecryptionMaterial): GetDecipher {
  const { messageHeader, rawHeader, headerAuth } = header;
  const { getDecipherInfo } = getDecryptionHelper(material);
  const getDecipher = getDecipherInfo(messageHeader.messageId, messageHeader.suiteData);
  const decipher = getDecipher(headerAuth.headerIv)
    .setAAD(Buffer.from(rawHeader))
    .setAuthTag(Buffer.from(headerAuth.headerAuthTag));
  decipher.update(EMPTY);
  decipher.final();
  return getDecipher;
}

/** The IV of a header's tag: zeros in format version 2. No frame has it, since sequence numbers begin at 1. */
const HEADER_IV = new Uint8Array(SUITE.ivLength);
const EMPTY = Buffer.alloc(0);
