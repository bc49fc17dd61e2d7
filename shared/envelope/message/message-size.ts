/**
 * The size of a message in bytes, by FORMAT rule 9. Pure.
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */
import { type MessageHeader, serializeFactory } from '@aws-crypto/serialize';

/** FORMAT rule 8: 1 MiB. One call of the cipher encrypts a whole frame; big frames make the Encryption SDK fast. */
export const FRAME_BYTES = 1_048_576;

/**
 * A header with our context and one wrapped DEK takes about 700 bytes. The bound leaves room for longer ARNs and blobs.
 */
export const MAX_HEADER_BYTES = 8_192;

/** A regular frame has a sequence number, an IV and a tag. */
const REGULAR_FRAME_OVERHEAD_BYTES = 4 + 12 + 16;
/** The final frame has an end mark, a sequence number, an IV, a length and a tag. */
const FINAL_FRAME_OVERHEAD_BYTES = 4 + 4 + 12 + 4 + 16;

/** The tag that authenticates a header. */
const HEADER_TAG_BYTES = 16;

const { serializeMessageHeader } = serializeFactory((text) => Buffer.from(text), { utf8Sorting: true });

/** Returns the bytes of a whole message with this header and so many bytes of plaintext. */
export function messageBytes(header: MessageHeader, plaintextBytes: number): number {
  return serializeMessageHeader(header).byteLength + HEADER_TAG_BYTES + bodyBytes(plaintextBytes);
}

/** Returns the bytes of a body. Every full frame is a regular one; a final frame holds the rest, which may be empty. */
export function bodyBytes(plaintextBytes: number): number {
  const fullFrames = Math.floor(plaintextBytes / FRAME_BYTES);
  return plaintextBytes + fullFrames * REGULAR_FRAME_OVERHEAD_BYTES + FINAL_FRAME_OVERHEAD_BYTES;
}

/** Returns the most bytes that a message of so many plaintext bytes can take. */
export function maxMessageBytes(plaintextBytes: number): number {
  return bodyBytes(plaintextBytes) + MAX_HEADER_BYTES;
}

/** True when an object of `bytes` can be a message of so many plaintext bytes. */
export function isMessageSize(bytes: number, plaintextBytes: number): boolean {
  const headerBytes = bytes - bodyBytes(plaintextBytes);
  return headerBytes > 0 && headerBytes <= MAX_HEADER_BYTES;
}
