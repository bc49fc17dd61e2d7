/**
 * The size of a message in bytes, by FORMAT rule 9. Pure.
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */

/** FORMAT rule 8: 1 MiB. Big frames make the work per frame small next to the cipher's. */
export const FRAME_BYTES = 1_048_576;

/**
 * A header with our context and one wrapped DEK takes about 700 bytes. The bound leaves room for longer ARNs and blobs.
 */
export const MAX_HEADER_BYTES = 8_192;

/** The tag of a header, and that of a frame. */
export const TAG_BYTES = 16;

/** A regular frame has a sequence number, an IV and a tag. */
export const REGULAR_FRAME_OVERHEAD_BYTES: number = 4 + 12 + TAG_BYTES;
/** The final frame has an end mark, a sequence number, an IV, a length and a tag. */
const FINAL_FRAME_OVERHEAD_BYTES = 4 + 4 + 12 + 4 + TAG_BYTES;

/** Returns the number of frames. Every full frame is a regular one; a final frame holds the rest, which may be empty. */
export function frameCount(plaintextBytes: number): number {
  return Math.floor(plaintextBytes / FRAME_BYTES) + 1;
}

/** Returns the bytes of a body. */
export function bodyBytes(plaintextBytes: number): number {
  const regularFrames = frameCount(plaintextBytes) - 1;
  return plaintextBytes + regularFrames * REGULAR_FRAME_OVERHEAD_BYTES + FINAL_FRAME_OVERHEAD_BYTES;
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
