/**
 * Decrypts a range of one message, and fetches only the header and the frames that hold it: FORMAT rules 34 to 36. Each
 * frame has a tag of its own, which binds it to its message and its place there.
 */
import type { EncryptionContext } from '../../object/context.ts';
import type { ByteRange } from '../../object/geometry.ts';
import { cachesKeys, type Kek } from '../kms/kek.ts';
import { Content, type Pieces } from './content.ts';
import { firstLine, requireLine } from './first-line.ts';
import { frameOf } from './frame.ts';
import { takeFrame } from './frame-reader.ts';
import { MessageKey } from './message-key.ts';
import { MAX_HEADER_BYTES } from './message-size.ts';
import { failureOf, type OpenedMessage, openMessage } from './opened-message.ts';
import {
  type ContentRange,
  cutOut,
  type FrameSpan,
  lastFrameAhead,
  neededFrames,
  placeOf,
  type PlaintextRange,
  plaintextRange,
} from './range-frames.ts';

/** A message in the vault, and the range of its content that is wanted. */
export interface RangedMessage extends ContentRange {
  /** Fetches these bytes of the message, and fewer when it ends before. */
  readonly fetch: (range: ByteRange) => Promise<Pieces>;
  readonly signal?: AbortSignal;
}

/**
 * Yields exactly the range, in pieces that are the caller's to keep, none before its frame has verified. Commit what you
 * made of it only when the iteration has ended well: a later frame may be altered.
 *
 * It fetches once if the range begins in the first frame, and otherwise twice: the header, then the frames. The first
 * frame of a message with a first line is fetched besides: with the header if the tenant caches keys, and otherwise by
 * itself.
 * @throws the errors of `decrypt`
 */
export async function* decryptRange(
  kek: Kek,
  message: RangedMessage,
  expected: EncryptionContext,
): AsyncGenerator<Uint8Array> {
  const key = new MessageKey(kek, 'decrypt', expected);
  const lineBytes = firstLine(expected).length;
  const lastAhead = lastFrameAhead(message, lineBytes, cachesKeys(kek));
  const ahead = placeOf({ first: 1, last: lastAhead }, lineBytes + message.contentBytes);
  try {
    using head = await fetchContent(message, { start: 0, end: MAX_HEADER_BYTES + ahead.end });
    using opened = await openMessage(head, key);
    const wanted = plaintextRange(message, opened.line.length);
    const spans = neededFrames(wanted, lastAhead);
    const isAhead = ({ last }: FrameSpan): boolean => last <= lastAhead;
    if (!spans.some(isAhead)) await head.drain();
    for (const span of spans) {
      const place = placeInMessage(span, wanted, opened);
      using fetched = isAhead(span) ? undefined : await fetchContent(message, place);
      yield* readSpan(span, fetched ?? head, { opened, wanted });
    }
  } catch (error) {
    throw failureOf(error, kek, message.signal);
  } finally {
    key.record();
  }
}

async function fetchContent({ fetch, signal }: RangedMessage, range: ByteRange): Promise<Content> {
  return new Content({ content: await fetch(range), signal });
}

function placeInMessage(
  span: FrameSpan,
  { plaintextBytes }: PlaintextRange,
  { header: { headerLength, headerAuth } }: OpenedMessage,
): ByteRange {
  const { start, end } = placeOf(span, plaintextBytes);
  const headerBytes = headerLength + headerAuth.headerAuthLength;
  return { start: headerBytes + start, end: headerBytes + end };
}

/** Verifies the frames of the span, with which `body` begins, and yields what they hold of the range. */
async function* readSpan(
  { first, last }: FrameSpan,
  body: Content,
  { opened, wanted }: { readonly opened: OpenedMessage; readonly wanted: PlaintextRange },
): AsyncGenerator<Uint8Array> {
  for (let sequenceNumber = first; sequenceNumber <= last; sequenceNumber += 1) {
    const frame = await takeFrame(sequenceNumber, body, opened);
    // The length also tells the kind of frame: a final frame is never full.
    if (frame.contentLength !== frameOf(wanted.plaintextBytes, sequenceNumber).contentLength)
      throw new Error('the message is not as long as its manifest says');
    if (sequenceNumber === 1) requireLine(frame.plaintext, opened.line);
    yield* cutOut(frame.plaintext, sequenceNumber, wanted.range);
  }
  await body.drain();
}
