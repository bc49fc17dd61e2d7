/** FORMAT rules 34 to 36: a range of a message is read from its header and the frames that hold it, and no others. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunkContext, manifestContext } from '../../../shared/object/context.ts';
import type { ByteRange } from '../../../shared/object/geometry.ts';
import { decryptRange } from '../../../shared/envelope/message/decrypt-range.ts';
import { firstLine } from '../../../shared/envelope/message/first-line.ts';
import { bodyBytes, FRAME_BYTES, MAX_HEADER_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { cachedKeys } from '../../support/cached-keys.ts';
import { drained, silentAfter } from '../../support/content.ts';
import { forge, type ForgedFrame } from '../../support/forge.ts';
import { CONTEXT, messageOf, NAME, withBitFlipped } from '../../support/messages.ts';
import { fetchedBytes, readPart, type Stored } from '../../support/ranged-message.ts';
import { ACME, GLOBEX, kekOf, kmsOfBoth } from '../../support/tenants.ts';

const MIB = 1_048_576;
const REGULAR_BYTES = FRAME_BYTES + 32;
const LINE_BYTES = firstLine(CONTEXT).length;
const REFUSED = new Set(['ERR_AUTHENTICATION_FAILED', 'ERR_CONTEXT_MISMATCH']);

const kms = kmsOfBoth();
const kek = kekOf(ACME, kms);
const plaintext = randomBytes(4 * FRAME_BYTES + 1_000);
const stored = storedAs(await messageOf(kek, plaintext), plaintext);
const headerBytes = stored.message.length - bodyBytes(plaintext.length);

function storedAs(message: Uint8Array, content: Uint8Array): Stored {
  return { message, contentBytes: content.length };
}

function ranges(bytes: number): readonly ByteRange[] {
  const edges = [
    0,
    1,
    FRAME_BYTES - 1,
    FRAME_BYTES,
    FRAME_BYTES + 1,
    2 * FRAME_BYTES,
    bytes - 1_000,
    bytes - 1,
    bytes,
  ];
  return edges.flatMap((start) => edges.filter((end) => end > start).map((end) => ({ start, end })));
}

function frame(index: number): Uint8Array {
  return stored.message.subarray(
    headerBytes + index * REGULAR_BYTES,
    headerBytes + (index + 1) * REGULAR_BYTES,
  );
}

function inOrder(...frames: readonly number[]): Partial<Stored> {
  return { message: Buffer.concat([stored.message.subarray(0, headerBytes), ...frames.map(frame)]) };
}

const FULL = Buffer.alloc(FRAME_BYTES);

function regular(sequenceNumber: number): ForgedFrame {
  return { sequenceNumber, content: FULL, isFinalFrame: false };
}

function final(sequenceNumber: number, content: Uint8Array): ForgedFrame {
  return { sequenceNumber, content, isFinalFrame: true };
}

describe('a range', () => {
  test('is the slice of the whole, wherever it begins and ends', async () => {
    for (const range of ranges(plaintext.length)) {
      const { bytes, code } = await readPart(kek, stored, range);
      expect({ range, code, isSlice: bytes.equals(plaintext.subarray(range.start, range.end)) }).toEqual({
        range,
        code: undefined,
        isSlice: true,
      });
    }
  });

  test('is the slice of the content in a message with a first line, whatever the reader’s key mode', async () => {
    const sandbox = cachedKeys();
    const lined = storedAs(await messageOf(sandbox.kek(), plaintext), plaintext);
    const nearBorder = [LINE_BYTES, FRAME_BYTES - LINE_BYTES, FRAME_BYTES - LINE_BYTES - 1].map((start) => ({
      start,
      end: start + 2,
    }));
    for (const keyMode of ['cached', 'per-chunk'] as const) {
      for (const range of [...ranges(plaintext.length), ...nearBorder]) {
        const { bytes, code } = await readPart(sandbox.kek({ keyMode }), lined, range);
        expect({ range, code }).toEqual({ range, code: undefined });
        expect(bytes.equals(plaintext.subarray(range.start, range.end))).toBe(true);
      }
    }
  });

  test('in the second frame of a message without a first line opens for a tenant that caches keys', async () => {
    const { kek: cachedKek } = cachedKeys({}, kms);
    const range = { start: FRAME_BYTES, end: FRAME_BYTES + 1 };
    const { bytes, code } = await readPart(cachedKek(), stored, range);
    expect(code).toBeUndefined();
    expect(bytes.equals(plaintext.subarray(range.start, range.end))).toBe(true);
  });

  test('is the slice of a small message and of one that ends with an empty frame', async () => {
    for (const bytes of [1, 100, FRAME_BYTES, 2 * FRAME_BYTES]) {
      const content = randomBytes(bytes);
      const small = storedAs(await messageOf(kek, content), content);
      for (const range of [
        { start: 0, end: bytes },
        { start: bytes - 1, end: bytes },
      ]) {
        const { bytes: read } = await readPart(kek, small, range);
        expect(read.equals(content.subarray(range.start, range.end))).toBe(true);
      }
    }
  });

  test('zeroes the DEK that it used, and records one use of it', async () => {
    const sandbox = cachedKeys();
    const perChunk = sandbox.kek({ keyMode: 'per-chunk' });
    const message = await messageOf(perChunk, plaintext);
    await readPart(perChunk, storedAs(message, plaintext), { start: MIB, end: MIB + 1 });
    expect(sandbox.kms.plaintextDeks.every((dek) => dek.every((byte) => byte === 0))).toBe(true);
    expect(sandbox.uses.map(({ operation }) => operation)).toEqual(['encrypt', 'decrypt']);
  });
});

describe('what is fetched', () => {
  const HEADER = { start: 0, end: MAX_HEADER_BYTES };
  const cases: readonly [string, ByteRange, readonly ByteRange[]][] = [
    [
      'the first byte: the header and the first frame, at once',
      { start: 0, end: 1 },
      [{ start: 0, end: MAX_HEADER_BYTES + REGULAR_BYTES }],
    ],
    [
      'a byte further on: the header, then its frame',
      { start: 2 * MIB, end: 2 * MIB + 1 },
      [HEADER, { start: headerBytes + 2 * REGULAR_BYTES, end: headerBytes + 3 * REGULAR_BYTES }],
    ],
    [
      '1 MiB across a border: the header, then its two frames',
      { start: 2 * MIB - 1, end: 3 * MIB - 1 },
      [HEADER, { start: headerBytes + REGULAR_BYTES, end: headerBytes + 3 * REGULAR_BYTES }],
    ],
    [
      'the last byte: the header, then the final frame',
      { start: plaintext.length - 1, end: plaintext.length },
      [HEADER, { start: headerBytes + 4 * REGULAR_BYTES, end: stored.message.length }],
    ],
  ];

  test.each(cases)('for %s', async (_what, range, fetched) => {
    expect((await readPart(kek, stored, range)).fetched).toEqual(fetched);
  });

  test.each(['cached', 'per-chunk'] as const)(
    'for a byte of a message with a first line, keyMode %s, includes the first frame, which holds the line',
    async (keyMode) => {
      const sandbox = cachedKeys();
      const lined = storedAs(await messageOf(sandbox.kek(), plaintext), plaintext);
      const outcome = await readPart(sandbox.kek({ keyMode }), lined, { start: 3 * MIB, end: 3 * MIB + 1 });
      expect(outcome.fetched).toHaveLength(keyMode === 'cached' ? 2 : 3);
      expect(fetchedBytes(outcome)).toBeLessThan(2.1 * MIB);
    },
  );

  test('is so little that the frames in between may be missing or altered', async () => {
    const message = Buffer.from(stored.message);
    message.fill(0, headerBytes, headerBytes + 2 * REGULAR_BYTES);
    message.fill(0, headerBytes + 3 * REGULAR_BYTES);
    const { bytes, code } = await readPart(kek, { ...stored, message }, { start: 2 * MIB, end: 3 * MIB });
    expect(code).toBeUndefined();
    expect(bytes.equals(plaintext.subarray(2 * MIB, 3 * MIB))).toBe(true);
  });
});

/** Reads a range of the message, altered so that KMS must not be asked. Returns the code of the refusal. */
async function refusalOf(altered: Partial<Stored>): Promise<string | undefined> {
  const asked = kms.calls.length;
  const { code, bytes } = await readPart(
    kek,
    { ...stored, ...altered },
    { start: 3 * MIB, end: 3 * MIB + 5 },
  );
  expect(bytes).toHaveLength(0);
  expect(kms.calls).toHaveLength(asked);
  return code;
}

describe('before KMS is asked, a ranged reader refuses', () => {
  test.each([
    ['another chunk', chunkContext(NAME, 2)],
    ['another tenant’s chunk', chunkContext({ ...NAME, tenantId: GLOBEX.tenantId }, 1)],
    ['the manifest', manifestContext(NAME.tenantId, NAME.objectId)],
  ])('a message where %s is expected', async (_what, expected) => {
    expect(await refusalOf({ expected })).toBe('ERR_CONTEXT_MISMATCH');
  });

  test.each([0, 1, 300])('a message of which %i bytes are there', async (bytes) => {
    expect(await refusalOf({ message: stored.message.subarray(0, bytes) })).toBe('ERR_AUTHENTICATION_FAILED');
  });
});

describe('a ranged reader refuses', () => {
  const range = { start: 2 * MIB - 3, end: 2 * MIB + 3 };

  async function codeOf(altered: Partial<Stored>, of: ByteRange = range): Promise<string | undefined> {
    return (await readPart(kek, { ...stored, ...altered }, of)).code;
  }

  test.each([
    ['swapped', [0, 2, 1, 3, 4]],
    ['repeated', [0, 1, 1, 3, 4]],
    ['left out', [0, 2, 3, 4]],
  ])('frames that were %s', async (_what, frames) => {
    expect(await codeOf(inOrder(...frames))).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test.each([
    ['longer', plaintext.length + 1],
    ['shorter', plaintext.length - 1],
    ['a frame longer', plaintext.length + FRAME_BYTES],
    ['a frame shorter', plaintext.length - FRAME_BYTES],
  ])(
    'a final frame that is not at the end of the content, which is said to be %s',
    async (_what, contentBytes) => {
      const end = Math.min(contentBytes, plaintext.length);
      expect(await codeOf({ contentBytes }, { start: end - 1, end })).toBe('ERR_AUTHENTICATION_FAILED');
    },
  );

  test('frames of another message of the same context', async () => {
    const other = await messageOf(kek, plaintext);
    const message = Buffer.concat([stored.message.subarray(0, headerBytes), other.subarray(headerBytes)]);
    expect(await codeOf({ message })).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('a message that ends before the range', async () => {
    for (const bytes of [headerBytes, headerBytes + REGULAR_BYTES, headerBytes + 2 * REGULAR_BYTES + 5]) {
      expect(await codeOf({ message: stored.message.subarray(0, bytes) })).toBe('ERR_AUTHENTICATION_FAILED');
    }
  });

  test('forged frames whose tags verify, but which are not those of a message of that length', async () => {
    for (const frames of [
      [regular(1), final(2, Buffer.alloc(99))],
      [regular(1), final(2, Buffer.alloc(101))],
      [regular(1), regular(2)],
      [regular(1), final(2, FULL)],
      [regular(1), final(1, Buffer.alloc(100))],
      [regular(1), final(3, Buffer.alloc(100))],
    ]) {
      const forged = { message: await forge(kms, { frames }), contentBytes: FRAME_BYTES + 100 };
      expect(await codeOf(forged, { start: FRAME_BYTES, end: FRAME_BYTES + 10 })).toBe(
        'ERR_AUTHENTICATION_FAILED',
      );
    }
  });

  test('a first line of another chunk, though the range is not in its frame', async () => {
    const sandbox = cachedKeys();
    const message = await messageOf(sandbox.kek(), plaintext, chunkContext(NAME, 2));
    const lined = { message, contentBytes: plaintext.length };
    const outcome = await readPart(sandbox.kek(), lined, { start: 3 * MIB, end: 3 * MIB + 1 });
    expect(outcome).toMatchObject({ code: 'ERR_CONTEXT_MISMATCH', bytes: Buffer.alloc(0) });
  });

  test('every single bit flipped of a small message', async () => {
    const content = Buffer.from('every bit of this message is authenticated');
    const message = await messageOf(kek, content);
    const accepted: number[] = [];
    for (let bit = 0; bit < 8 * message.length; bit += 1) {
      const altered = { message: withBitFlipped(message, bit), contentBytes: content.length };
      const { bytes, code = '' } = await readPart(kek, altered, { start: 5, end: 6 });
      if (bytes.length > 0 || !REFUSED.has(code)) accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });

  test('a flipped bit in every part of a frame further on', async () => {
    const frameAt = headerBytes + 2 * REGULAR_BYTES;
    for (const at of [
      ...Array.from({ length: 17 }, (_, byte) => byte),
      MIB / 2,
      REGULAR_BYTES - 16,
      REGULAR_BYTES - 1,
    ]) {
      const message = withBitFlipped(stored.message, 8 * (frameAt + at) + (at % 8));
      const outcome = await readPart(kek, { ...stored, message }, { start: 2 * MIB + 1, end: 2 * MIB + 2 });
      expect(outcome).toMatchObject({ code: 'ERR_AUTHENTICATION_FAILED', bytes: Buffer.alloc(0) });
    }
  });
});

describe('a range that stops arriving', () => {
  const range = { start: 2 * MIB, end: 2 * MIB + 1 };

  test('is an outage of storage', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(stored.message.subarray(0, 100));
      throw new Error('socket hang up');
    }
    const fetch = async () => await Promise.resolve(broken());
    const { code } = await drained(decryptRange(kek, { ...stored, range, fetch }, CONTEXT));
    expect(code).toBe('ERR_STORAGE_UNAVAILABLE');
  });

  test('ends with the signal’s reason when the signal is aborted', async () => {
    const controller = new AbortController();
    const fetch = async () => await Promise.resolve(silentAfter(stored.message.subarray(0, 100)));
    const wanted = { ...stored, range, fetch, signal: controller.signal };
    const reading = drained(decryptRange(kek, wanted, CONTEXT));
    setImmediate(() => controller.abort(Object.assign(new Error('out of time'), { code: 'OUT_OF_TIME' })));
    expect((await reading).code).toBe('OUT_OF_TIME');
  });

  test('ends when the keys are flushed under it', async () => {
    const sandbox = cachedKeys();
    const message = await messageOf(sandbox.kek(), plaintext);
    await readPart(sandbox.kek(), storedAs(message, plaintext), range);
    const fetch = async ({ start, end }: ByteRange) => {
      if (start > 0) sandbox.keys.cache.flush(ACME.tenantId);
      return await Promise.resolve([message.subarray(start, end)]);
    };
    const wanted = { contentBytes: plaintext.length, range, fetch };
    expect((await drained(decryptRange(sandbox.kek(), wanted, CONTEXT))).code).toBe('ERR_EPOCH_CHANGED');
  });
});
