/**
 * FORMAT rule 9: how many bytes a message takes. Pure.
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */
import { type MessageHeader, serializeFactory } from '@aws-crypto/serialize';

/** FORMAT rule 8. 1 MiB: a frame is one call of the cipher, which is what makes the Encryption SDK fast. */
export const FRAME_BYTES = 1_048_576;

/** A header with our context and one wrapped DEK takes about 700 bytes; ARNs and KMS blobs leave room to grow. */
export const MAX_HEADER_BYTES = 8_192;

/** Sequence number, IV, tag. */
const REGULAR_FRAME_OVERHEAD_BYTES = 4 + 12 + 16;
/** End mark, sequence number, IV, length, tag. */
const FINAL_FRAME_OVERHEAD_BYTES = 4 + 4 + 12 + 4 + 16;

/** The tag that authenticates a header. */
const HEADER_TAG_BYTES = 16;

const { serializeMessageHeader } = serializeFactory((text) => Buffer.from(text), { utf8Sorting: true });

/** Bytes of a whole message, from its header and what it decrypts to. */
export function messageBytes(header: MessageHeader, plaintextBytes: number): number {
  return serializeMessageHeader(header).byteLength + HEADER_TAG_BYTES + bodyBytes(plaintextBytes);
}

/** Bytes of a message's body: every full frame is a regular one, and a final frame holds the rest, maybe none. */
export function bodyBytes(plaintextBytes: number): number {
  const fullFrames = Math.floor(plaintextBytes / FRAME_BYTES);
  return plaintextBytes + fullFrames * REGULAR_FRAME_OVERHEAD_BYTES + FINAL_FRAME_OVERHEAD_BYTES;
}

/** The most bytes that the message of so many plaintext bytes takes. */
export function maxMessageBytes(plaintextBytes: number): number {
  return bodyBytes(plaintextBytes) + MAX_HEADER_BYTES;
}

/** Whether an object of `bytes` can be the message of that many plaintext bytes. */
export function isMessageSize(bytes: number, plaintextBytes: number): boolean {
  const headerBytes = bytes - bodyBytes(plaintextBytes);
  return headerBytes > 0 && headerBytes <= MAX_HEADER_BYTES;
}
