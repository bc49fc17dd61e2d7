/** Forged variants of one message: nobody may open any of them. */
import { withBitFlipped } from '../support/messages.ts';

const FRAME_BYTES = 1_048_576;
/** A regular frame: sequence number, IV, content, tag. */
const REGULAR_BYTES = 4 + 12 + FRAME_BYTES + 16;
/** The end of a header, from the content type on: content type, frame length, commitment, tag. */
const COMMITMENT_BYTES = 32;
const TAG_BYTES = 16;

/** The variants that leave everything as it is for a reader that counts the frames itself. */
export const NUMBER_FLIPPED: readonly string[] = [
  'a bit of a sequence number flipped',
  'a bit of the number of the final frame flipped',
];

/** A message of two full frames and a final one. */
export interface ForgedFrom {
  readonly message: Buffer;
  /** Bytes of its plaintext. */
  readonly bytes: number;
  /** Another message of as many bytes, by the same KEK. */
  readonly other: Buffer;
}

/** Returns the variants by name. FORMAT rule 9 says where the body begins. */
export function forgedVariants({ message, bytes, other }: ForgedFrom): Readonly<Record<string, Uint8Array>> {
  const bodyBytes = bytes + 32 * 2 + 40;
  const own = partsOf(message, bodyBytes);
  const others = partsOf(other, bodyBytes);
  const { header, first, second, final } = own;
  const body = header.length;
  const last = body + 2 * REGULAR_BYTES;
  const tag = body - TAG_BYTES;
  const commitment = tag - COMMITMENT_BYTES;
  const flipped: Readonly<Record<string, number>> = {
    'the version': 0,
    'the suite': 2,
    'the message id': 3,
    'the encryption context': 40,
    'the wrapped DEK': commitment - 4 - 1 - 1,
    'the content type': commitment - 4 - 1,
    'the frame length': commitment - 1,
    'the commitment': commitment,
    'the header’s tag': tag,
    'a sequence number': body + 3,
    'an IV': body + 4,
    content: body + 16,
    'a tag': body + REGULAR_BYTES - 1,
    'the mark of the final frame': last,
    'the number of the final frame': last + 7,
    'the IV of the final frame': last + 8,
    'the length of the final frame': last + 23,
    'the content of the final frame': last + 24,
    'the last tag': message.length - 1,
  };
  return {
    ...Object.fromEntries(
      Object.entries(flipped).map(([name, at]) => [
        `a bit of ${name} flipped`,
        withBitFlipped(message, 8 * at),
      ]),
    ),
    'two frames swapped': Buffer.concat([header, second, first, final]),
    'two frames swapped and numbered anew': Buffer.concat([
      header,
      numbered(second, 1),
      numbered(first, 2),
      final,
    ]),
    'a frame dropped': Buffer.concat([header, first, final]),
    'a frame repeated': Buffer.concat([header, first, first, second, final]),
    'the final frame dropped': Buffer.concat([header, first, second]),
    'the last byte dropped': message.subarray(0, -1),
    'the header of another message': Buffer.concat([others.header, first, second, final]),
    'a frame of another message': Buffer.concat([header, others.first, second, final]),
    'the final frame of another message': Buffer.concat([header, first, second, others.final]),
  };
}

interface Parts {
  readonly header: Buffer;
  readonly first: Buffer;
  readonly second: Buffer;
  readonly final: Buffer;
}

function partsOf(message: Buffer, bodyBytes: number): Parts {
  const body = message.length - bodyBytes;
  const second = body + REGULAR_BYTES;
  const final = second + REGULAR_BYTES;
  return {
    header: message.subarray(0, body),
    first: message.subarray(body, second),
    second: message.subarray(second, final),
    final: message.subarray(final),
  };
}

function numbered(frame: Buffer, sequenceNumber: number): Buffer {
  const renumbered = Buffer.from(frame);
  renumbered.writeUInt32BE(sequenceNumber);
  // The IV of a frame is its number (it is the last part of the 12 bytes).
  renumbered.writeUInt32BE(sequenceNumber, 4 + 8);
  return renumbered;
}
