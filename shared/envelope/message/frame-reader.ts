/** Reads the frames of a message, and releases of each frame only what its tag has verified. */
import type { GetDecipher } from '@aws-crypto/material-management-node';
import type { Content } from './content.ts';
import { CIPHER_BYTES, decipherOf, MAX_FRAME_HEADER_BYTES, parseFrameHeader } from './frame.ts';
import type { ReadHeader } from './message-header.ts';
import type { MessageKey } from './message-key.ts';
import { TAG_BYTES } from './message-size.ts';

/** A message whose header has verified. */
export interface OpenMessage {
  /** What follows the header. */
  readonly body: Content;
  readonly header: ReadHeader;
  readonly getDecipher: GetDecipher;
  readonly key: MessageKey;
}

/**
 * Yields the plaintext of all frames, in pieces that are the caller's to keep. That of the final frame comes only once
 * the message has ended with it.
 * @throws Error for a frame that does not verify, and for a message that does not end with its final frame
 */
export async function* readFrames(message: OpenMessage): AsyncGenerator<Uint8Array> {
  for (let sequenceNumber = 1; ; sequenceNumber += 1) {
    const { plaintext, isFinalFrame } = await takeFrame(message, sequenceNumber);
    if (isFinalFrame && (await message.body.peek(1)).length > 0)
      throw new Error('the message does not end with its final frame');
    yield* plaintext;
    if (isFinalFrame) return;
  }
}

interface VerifiedFrame {
  readonly plaintext: readonly Uint8Array[];
  readonly isFinalFrame: boolean;
}

async function takeFrame(
  { body, header, getDecipher, key }: OpenMessage,
  sequenceNumber: number,
): Promise<VerifiedFrame> {
  const frame = parseFrameHeader(await body.peek(MAX_FRAME_HEADER_BYTES), header, sequenceNumber);
  await body.take(frame.readPos);
  const decipher = decipherOf(frame, header.messageHeader.messageId, getDecipher);
  const plaintext: Uint8Array[] = [];
  for (let missing = frame.contentLength; missing > 0;) {
    const piece = await body.take(Math.min(missing, CIPHER_BYTES));
    if (piece.length === 0) throw new Error('the message ends within a frame');
    await key.requireUsable();
    plaintext.push(decipher.update(piece));
    missing -= piece.length;
  }
  const tag = await body.takeWhole(TAG_BYTES);
  // Node would verify a shorter tag by as many bits as it has.
  if (tag.length !== TAG_BYTES) throw new Error('the message ends within a tag');
  decipher.setAuthTag(tag);
  decipher.final();
  return { plaintext, isFinalFrame: frame.isFinalFrame };
}
