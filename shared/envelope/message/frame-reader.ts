/** Reads the frames of a message, and releases of each frame only what its tag has verified. */
import type { Content } from './content.ts';
import { decipherOf, type Frame, MAX_FRAME_HEADER_BYTES, parseFrameHeader } from './frame.ts';
import { TAG_BYTES } from './message-size.ts';
import type { OpenedMessage } from './opened-message.ts';

/** A frame that has verified. */
export interface VerifiedFrame extends Frame {
  /** Its pieces are the caller's to keep. */
  readonly plaintext: readonly Uint8Array[];
}

/**
 * Yields the plaintext of all frames. That of the final frame comes only once the message has ended with it.
 * @throws Error for a frame that does not verify, and for a message that does not end with its final frame
 */
export async function* readFrames(body: Content, opened: OpenedMessage): AsyncGenerator<Uint8Array> {
  for (let sequenceNumber = 1; ; sequenceNumber += 1) {
    const { plaintext, isFinalFrame } = await takeFrame(sequenceNumber, body, opened);
    if (isFinalFrame && (await body.peek(1)).length > 0)
      throw new Error('the message does not end with its final frame');
    yield* plaintext;
    if (isFinalFrame) return;
  }
}

/**
 * Takes the next frame of the body, which must have this sequence number.
 * @throws Error when it does not verify
 */
export async function takeFrame(
  sequenceNumber: number,
  body: Content,
  { header, getDecipher, key }: OpenedMessage,
): Promise<VerifiedFrame> {
  const frame = parseFrameHeader(await body.peek(MAX_FRAME_HEADER_BYTES), header, sequenceNumber);
  await body.take(frame.readPos);
  const decipher = decipherOf(frame, header.messageHeader.messageId, getDecipher);
  const plaintext: Uint8Array[] = [];
  for (let missing = frame.contentLength; missing > 0;) {
    const piece = await body.take(missing);
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
  return { ...frame, plaintext };
}
