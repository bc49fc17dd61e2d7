/**
 * The frames of a message that a range of its content is in, and the place of their bytes in the message: FORMAT rules 9
 * and 34. Pure.
 */
import type { ByteRange } from '../../object/geometry.ts';
import { bodyBytes, FRAME_BYTES, frameCount, REGULAR_FRAME_OVERHEAD_BYTES } from './message-size.ts';

/** A range of the content of a message. */
export interface ContentRange {
  /** Bytes of the whole content. A first line does not count. */
  readonly contentBytes: number;
  /** Precondition: `0 ≤ start < end ≤ contentBytes`. */
  readonly range: ByteRange;
}

/** The same range in the plaintext, which a first line may precede. */
export interface PlaintextRange {
  readonly plaintextBytes: number;
  readonly lineBytes: number;
  readonly range: ByteRange;
}

/** Frames in a row, by their sequence numbers, both included. */
export interface FrameSpan {
  readonly first: number;
  readonly last: number;
}

export function plaintextRange({ contentBytes, range }: ContentRange, lineBytes: number): PlaintextRange {
  const { start, end } = range;
  return {
    plaintextBytes: lineBytes + contentBytes,
    lineBytes,
    range: { start: lineBytes + start, end: lineBytes + end },
  };
}

/**
 * Returns the last frame that is worth fetching together with the header, before the header says if there is a first
 * line. 0: none.
 */
export function lastFrameAhead(wanted: ContentRange, lineBytes: number, expectsLine: boolean): number {
  if (spanOf(wanted.range).first === 1) return spanOf(plaintextRange(wanted, lineBytes).range).last;
  return expectsLine ? 1 : 0;
}

/**
 * Returns the frames to verify: those that hold the range, and the first one if it holds a first line. `lastAhead` is
 * the last frame that came with the header.
 */
export function neededFrames({ lineBytes, range }: PlaintextRange, lastAhead: number): readonly FrameSpan[] {
  const span = spanOf(range);
  if (lineBytes === 0) return [span];
  return span.last <= lastAhead ? [{ first: 1, last: span.last }] : [{ first: 1, last: 1 }, span];
}

/** Returns the place of the frames in the body of a message of so many plaintext bytes. */
export function placeOf({ first, last }: FrameSpan, plaintextBytes: number): ByteRange {
  return { start: (first - 1) * REGULAR_FRAME_BYTES, end: frameEnd(last, plaintextBytes) };
}

/** Yields what lies in `range` of the plaintext of a frame. */
export function* cutOut(
  plaintext: readonly Uint8Array[],
  sequenceNumber: number,
  { start, end }: ByteRange,
): Generator<Uint8Array> {
  let at = (sequenceNumber - 1) * FRAME_BYTES;
  for (const piece of plaintext) {
    const wanted = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (wanted.length > 0) yield wanted;
    at += piece.length;
  }
}

const REGULAR_FRAME_BYTES = FRAME_BYTES + REGULAR_FRAME_OVERHEAD_BYTES;

function spanOf({ start, end }: ByteRange): FrameSpan {
  return { first: sequenceNumberAt(start), last: sequenceNumberAt(end - 1) };
}

function sequenceNumberAt(plaintextAt: number): number {
  return Math.floor(plaintextAt / FRAME_BYTES) + 1;
}

function frameEnd(sequenceNumber: number, plaintextBytes: number): number {
  const isFinalFrame = sequenceNumber >= frameCount(plaintextBytes);
  return isFinalFrame ? bodyBytes(plaintextBytes) : sequenceNumber * REGULAR_FRAME_BYTES;
}
