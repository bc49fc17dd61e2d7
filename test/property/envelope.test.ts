import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkContext, type EncryptionContext } from '../../shared/object/context.ts';
import { decrypt, decryptWhole } from '../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../shared/envelope/message/encrypt.ts';
import { FRAME_BYTES, isMessageSize } from '../../shared/envelope/message/message-size.ts';
import { codeOf, drained } from '../support/content.ts';
import { CONTEXT, messageOf, NAME, withBitFlipped } from '../support/messages.ts';
import { ACME, kekOf, kmsOfBoth } from '../support/tenants.ts';

const kek = kekOf(ACME, kmsOfBoth());
const REFUSED = ['ERR_AUTHENTICATION_FAILED', 'ERR_CONTEXT_MISMATCH'];

/** A plaintext, and the lengths of the pieces in which it arrives. */
const arrival = fc.record({
  plaintext: fc.uint8Array({ maxLength: 3_000 }),
  cuts: fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 8 }),
});

/** Yields the bytes in pieces of the given lengths, again and again; a length of 0 is an empty piece. */
function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let start = 0;
  for (let turn = 0; start < bytes.length; turn += 1) {
    const length = turn < 1_000 ? (lengths[turn % lengths.length] ?? 1) : bytes.length;
    yield bytes.subarray(start, start + length);
    start += length;
  }
}

describe('whatever the plaintext and however it arrives', () => {
  test('decrypting what was encrypted gives it back, in a message of its size', async () => {
    await fc.assert(
      fc.asyncProperty(arrival, async ({ plaintext, cuts }) => {
        using message = await encrypt(
          kek,
          { bytes: plaintext.length, content: cut(plaintext, cuts) },
          CONTEXT,
        );
        expect(isMessageSize(message.content.length, plaintext.length)).toBe(true);
        const { bytes, code } = await drained(decrypt(kek, { content: cut(message.content, cuts) }, CONTEXT));
        expect(code).toBeUndefined();
        expect(bytes.equals(plaintext)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('a length that was not planned is refused', async () => {
    const lengths = fc
      .tuple(fc.nat({ max: 300 }), fc.nat({ max: 300 }))
      .filter(([one, other]) => one !== other);
    await fc.assert(
      fc.asyncProperty(lengths, async ([planned, actual]) => {
        const outcome = encrypt(kek, { bytes: planned, content: [new Uint8Array(actual)] }, CONTEXT);
        expect(await outcome.then(() => 'encrypted', codeOf)).toBe('ERR_STORAGE_UNAVAILABLE');
      }),
      { numRuns: 50 },
    );
  });
});

describe('whatever is done to a message', () => {
  const plaintext = Buffer.from('every bit of this message is authenticated');

  test('every single bit flipped is refused, and nothing is released', async () => {
    const message = await messageOf(kek, plaintext);
    const accepted: number[] = [];
    for (let bit = 0; bit < 8 * message.length; bit += 1) {
      const { bytes, code } = await drained(
        decrypt(kek, { content: [withBitFlipped(message, bit)] }, CONTEXT),
      );
      if (bytes.length > 0 || code === undefined || !REFUSED.includes(code)) accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });

  test('a flipped bit in a later frame releases only the frames before it', async () => {
    const frames = Buffer.alloc(2 * FRAME_BYTES + 100, 'frames');
    const message = await messageOf(kek, frames);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 8 * message.length - 1 }), async (bit) => {
        const { bytes, code } = await drained(
          decrypt(kek, { content: [withBitFlipped(message, bit)] }, CONTEXT),
        );
        expect(REFUSED).toContain(code);
        expect(bytes.length).toBeLessThanOrEqual(bit / 8);
        expect(bytes.equals(frames.subarray(0, bytes.length))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('a message cut off anywhere is refused', async () => {
    const message = await messageOf(kek, plaintext);
    for (let bytes = 0; bytes < message.length; bytes += 1) {
      expect((await drained(decrypt(kek, { content: [message.subarray(0, bytes)] }, CONTEXT))).code).toBe(
        'ERR_AUTHENTICATION_FAILED',
      );
    }
  });

  test('a message with a piece taken out, doubled or moved is refused', async () => {
    const message = Buffer.from(await messageOf(kek, plaintext));
    const place = fc.nat({ max: message.length });
    const move = fc.record({ one: place, other: place, target: place, keep: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(move, async ({ one, other, target, keep }) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const taken = message.subarray(start, end);
        const rest = keep ? message : Buffer.concat([message.subarray(0, start), message.subarray(end)]);
        const altered = Buffer.concat([rest.subarray(0, target), taken, rest.subarray(target)]);
        // Bytes after the end are tested elsewhere, and some moves change nothing.
        fc.pre(!altered.subarray(0, message.length).equals(message));
        expect(REFUSED).toContain((await drained(decrypt(kek, { content: [altered] }, CONTEXT))).code);
      }),
      { numRuns: 150 },
    );
  });
});

describe('whatever context is expected', () => {
  const names = fc.constantFrom(...Object.keys(CONTEXT), 'purpose', 'x');
  const contexts: fc.Arbitrary<EncryptionContext> = fc.dictionary(names, fc.string({ maxLength: 5 }), {
    maxKeys: 6,
  });

  test('a message opens under its own and under no other', async () => {
    const message = await messageOf(kek, Buffer.from('x'));
    const edits = fc.record({ edit: contexts, without: fc.subarray(Object.keys(CONTEXT)) });
    await fc.assert(
      fc.asyncProperty(edits, async ({ edit, without }) => {
        const kept = Object.entries(CONTEXT).filter(([name]) => !without.includes(name));
        const expected = { ...Object.fromEntries(kept), ...edit };
        fc.pre(
          Object.keys({ ...CONTEXT, ...expected }).some(
            (name) => CONTEXT[name] !== (expected as EncryptionContext)[name],
          ),
        );
        const outcome = await decryptWhole(kek, message, expected).then(() => 'opened', codeOf);
        expect(outcome).toBe('ERR_CONTEXT_MISMATCH');
      }),
      { numRuns: 100 },
    );
  });

  test('a chunk opens as no other chunk', async () => {
    const position = fc.record({ index: fc.nat({ max: 20 }), count: fc.integer({ min: 1, max: 21 }) });
    await fc.assert(
      fc.asyncProperty(position, position, async (made, read) => {
        fc.pre(made.index !== read.index || made.count !== read.count);
        const context = ({ index, count }: typeof made) =>
          chunkContext({ ...NAME, chunkCount: count }, index);
        const message = await messageOf(kek, Buffer.from('x'), context(made));
        const outcome = await decryptWhole(kek, message, context(read)).then(() => 'opened', codeOf);
        expect(outcome).toBe('ERR_CONTEXT_MISMATCH');
      }),
      { numRuns: 50 },
    );
  });
});
