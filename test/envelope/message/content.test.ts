/** The life of the pieces that a message arrives in: the abort of their signal, and their end. */
import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { ByteRange } from '../../../shared/object/geometry.ts';
import { Content } from '../../../shared/envelope/message/content.ts';
import { decrypt } from '../../../shared/envelope/message/decrypt.ts';
import { decryptRange } from '../../../shared/envelope/message/decrypt-range.ts';
import { FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

const PIECE_BYTES = 65_536;
const kek = kekOf(ACME, kmsOfBoth());
const plaintext = randomBytes(4 * FRAME_BYTES);
const message = await messageOf(kek, plaintext);

/** A source from which nothing ever arrives. */
const silent: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => await new Promise<never>(() => undefined) }),
};

/** A source that fails when it is closed. */
const unclosable: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({
    next: async () => await Promise.resolve({ done: false, value: new Uint8Array() }),
    return: async () => await Promise.reject(new Error('socket hang up')),
  }),
};

interface Source {
  readonly pieces: AsyncGenerator<Uint8Array>;
  end: 'open' | 'read' | 'closed';
}

/** Returns a source of the bytes that notes how it ended: read to its end, or closed before. */
function sourceOf(bytes: Uint8Array): Source {
  const source: Source = { pieces: pieces(), end: 'open' };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES)
        yield await Promise.resolve(bytes.subarray(at, at + PIECE_BYTES));
      source.end = 'read';
    } finally {
      if (source.end === 'open') source.end = 'closed';
    }
  }
  return source;
}

/** Reads the range, and stops at the first piece if told to. Returns how each fetched source ended. */
async function endsOfRange(range: ByteRange, stop: boolean): Promise<readonly string[]> {
  const sources: Source[] = [];
  const fetch = async ({ start, end }: ByteRange): Promise<AsyncIterable<Uint8Array>> => {
    const source = sourceOf(message.subarray(start, end));
    sources.push(source);
    return await Promise.resolve(source.pieces);
  };
  for await (const _ of decryptRange(kek, { contentBytes: plaintext.length, range, fetch }, CONTEXT)) {
    if (stop) break;
  }
  await new Promise(setImmediate);
  return sources.map(({ end }) => end);
}

describe('an aborted signal', () => {
  const reason = new Error('out of time');

  test('ends a wait that has not begun, though nothing ever arrives', async () => {
    using content = new Content({ content: silent, signal: AbortSignal.abort(reason) });
    await expect(content.take(1)).rejects.toBe(reason);
  });

  test('refuses the piece that arrives with the abort', async () => {
    const controller = new AbortController();
    function* pieces(): Generator<Uint8Array> {
      controller.abort(reason);
      yield new Uint8Array(1);
    }
    using content = new Content({ content: pieces(), signal: controller.signal });
    await expect(content.take(1)).rejects.toBe(reason);
  });
});

test('no listener on a signal outlives its piece', async () => {
  const { signal } = new AbortController();
  using content = new Content({ content: sourceOf(message).pieces, signal });
  for (let piece = 0; piece < 3; piece += 1) await content.take(PIECE_BYTES);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

describe('a source is closed', () => {
  test('when the consumer of a message stops early', async () => {
    const source = sourceOf(message);
    for await (const _ of decrypt(kek, { content: source.pieces }, CONTEXT)) break;
    await new Promise(setImmediate);
    expect(source.end).toBe('closed');
  });

  test('when the message does not verify', async () => {
    const source = sourceOf(Buffer.concat([message, message]));
    await expect(Array.fromAsync(decrypt(kek, { content: source.pieces }, CONTEXT))).rejects.toMatchObject({
      code: 'ERR_AUTHENTICATION_FAILED',
    });
    await new Promise(setImmediate);
    expect(source.end).toBe('closed');
  });

  test('when the consumer of a range stops early, whichever source the range comes from', async () => {
    expect(await endsOfRange({ start: 0, end: 2 * FRAME_BYTES }, true)).toEqual(['closed']);
    expect(await endsOfRange({ start: FRAME_BYTES, end: 3 * FRAME_BYTES }, true)).toEqual(['read', 'closed']);
  });
});

test('a source that fails to close fails nobody', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  const content = new Content({ content: unclosable });
  content[Symbol.dispose]();
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('a range that was read leaves connections that can serve again: each source was read to its end', async () => {
  expect(await endsOfRange({ start: 0, end: 10 }, false)).toEqual(['read']);
  expect(await endsOfRange({ start: FRAME_BYTES, end: FRAME_BYTES + 10 }, false)).toEqual(['read', 'read']);
});
