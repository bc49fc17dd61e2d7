/**
 * The frames of a body. The header of a frame has a sequence number and an IV; its tag also covers the message id, the
 * kind of frame, the sequence number and the length:
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html#body-framing
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/body-aad-reference.html
 */
import type {
  AwsEsdkJsCipherGCM,
  AwsEsdkJsDecipherGCM,
  GetDecipher,
} from '@aws-crypto/material-management-node';
import {
  aadFactory,
  type BodyHeader,
  ContentType,
  decodeFrameBodyHeader,
  serializeFactory,
} from '@aws-crypto/serialize';
import type { NewMessage } from './derived-key.ts';
import type { ReadHeader } from './message-header.ts';
import { FRAME_BYTES, frameCount } from './message-size.ts';
import { SUITE } from './suite.ts';

/** One frame of a message. The first one has sequence number 1. */
export interface Frame {
  readonly sequenceNumber: number;
  readonly contentLength: number;
  readonly isFinalFrame: boolean;
}

/** The most bytes that the header of a frame takes: end mark, sequence number, IV and length. */
export const MAX_FRAME_HEADER_BYTES: number = 4 + 4 + 12 + 4;

const fromUtf8 = (text: string): Buffer => Buffer.from(text);
const { frameIv, frameHeader, finalFrameHeader } = serializeFactory(fromUtf8, { utf8Sorting: true });
const { messageAAD, messageAADContentString } = aadFactory(fromUtf8);

/** Returns frame `sequenceNumber` of a message of so many plaintext bytes (FORMAT rule 9). */
export function frameOf(plaintextBytes: number, sequenceNumber: number): Frame {
  const isFinalFrame = sequenceNumber === frameCount(plaintextBytes);
  return {
    sequenceNumber,
    contentLength: isFinalFrame ? plaintextBytes % FRAME_BYTES : FRAME_BYTES,
    isFinalFrame,
  };
}

/** Returns the header of a new frame, and the cipher of its content. */
export function startFrame(
  frame: Frame,
  { messageId, getCipher }: NewMessage,
): { readonly frameHeader: Uint8Array; readonly cipher: AwsEsdkJsCipherGCM } {
  const { sequenceNumber, contentLength, isFinalFrame } = frame;
  const iv = frameIv(SUITE.ivLength, sequenceNumber);
  return {
    frameHeader: isFinalFrame
      ? finalFrameHeader(sequenceNumber, iv, contentLength)
      : frameHeader(sequenceNumber, iv),
    cipher: getCipher(iv).setAAD(aadOf(frame, messageId)),
  };
}

/**
 * Parses the header of the frame that must have this sequence number. It is a mere claim until the frame's tag
 * verifies.
 * @throws Error when another frame begins here, or none
 */
export function parseFrameHeader(start: Uint8Array, header: ReadHeader, sequenceNumber: number): BodyHeader {
  const frame = decodeFrameBodyHeader(start, header, 0);
  if (frame === false) throw new Error('the message ends before its final frame');
  if (frame.sequenceNumber !== sequenceNumber) throw new Error('the frames are out of order');
  // FORMAT rule 9: a full frame is never the final one.
  if (frame.isFinalFrame && frame.contentLength >= FRAME_BYTES) throw new Error('the final frame is full');
  return frame;
}

/** Returns the decipher of a frame's content. Its output is to be released only after the frame's tag has verified. */
export function decipherOf(
  frame: BodyHeader,
  messageId: Uint8Array,
  getDecipher: GetDecipher,
): AwsEsdkJsDecipherGCM {
  return getDecipher(frame.iv).setAAD(aadOf(frame, messageId));
}

function aadOf({ sequenceNumber, contentLength, isFinalFrame }: Frame, messageId: Uint8Array): Buffer {
  const kind = messageAADContentString({ contentType: ContentType.FRAMED_DATA, isFinalFrame });
  return Buffer.from(messageAAD(messageId, kind, sequenceNumber, contentLength));
}
