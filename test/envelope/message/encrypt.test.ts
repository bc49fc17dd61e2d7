import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Pieces } from '../../../shared/envelope/message/content.ts';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import { bodyBytes, FRAME_BYTES, isMessageSize } from '../../../shared/envelope/message/message-size.ts';
import { codeOf, holdsPlaintext, inPieces, marked, silentAfter } from '../../support/content.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

const SIZES = [
  0,
  1,
  16,
  1_001,
  FRAME_BYTES - 1,
  FRAME_BYTES,
  FRAME_BYTES + 1,
  2 * FRAME_BYTES - 1,
  2 * FRAME_BYTES,
  2 * FRAME_BYTES + 1,
  3 * FRAME_BYTES + 12_345,
];

describe('encrypt', () => {
  test.each(SIZES)(
    '%i bytes: nothing of the plaintext is in the message, and all of it comes back',
    async (bytes) => {
      const kek = kekOf(ACME, kmsOfBoth());
      const secret = marked(bytes);
      const message = await messageOf(kek, secret);
      expect(holdsPlaintext(message, secret)).toBe(false);
      expect(isMessageSize(message.length, bytes)).toBe(true);
      expect(secret.equals(await decryptWhole(kek, message, CONTEXT))).toBe(true);

      const plaintext = randomBytes(bytes);
      expect(plaintext.equals(await decryptWhole(kek, await messageOf(kek, plaintext), CONTEXT))).toBe(true);
    },
  );

  test.each([1, 1_000, 65_536, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES])(
    'content in pieces of %i bytes comes back as the same plaintext',
    async (pieceBytes) => {
      const kek = kekOf(ACME, kmsOfBoth());
      const plaintext = randomBytes(pieceBytes === 1 ? 5_000 : 2 * FRAME_BYTES + 7);
      const content = inPieces(plaintext, pieceBytes);
      using message = await encrypt(kek, { bytes: plaintext.length, content }, CONTEXT);
      expect(plaintext.equals(await decryptWhole(kek, message.content, CONTEXT))).toBe(true);
    },
  );

  test('a message is suite 0x0478 in message format 2, framed by 1 MiB', async () => {
    const message = await messageOf(kekOf(ACME, kmsOfBoth()), randomBytes(100));
    expect(Buffer.from(message.subarray(0, 3)).toString('hex')).toBe('020478');
    // The header ends with content type, frame length, 32 bytes of key commitment and the header's tag.
    const headerBytes = message.length - bodyBytes(100);
    const fields = Buffer.from(message).subarray(headerBytes - 16 - 32 - 5);
    expect(fields.readUInt8(0)).toBe(2);
    expect(fields.readUInt32BE(1)).toBe(FRAME_BYTES);
  });

  test('two messages of one plaintext have nothing in common: each has a DEK of its own', async () => {
    const kms = kmsOfBoth();
    const plaintext = randomBytes(64);
    const first = await messageOf(kekOf(ACME, kms), plaintext);
    const second = await messageOf(kekOf(ACME, kms), plaintext);
    expect(Buffer.from(second).includes(Buffer.from(first).subarray(-64))).toBe(false);
    expect(kms.calls).toHaveLength(2);
  });

  test('KMS is asked once, for the tenant’s KEK, under exactly the context', async () => {
    const kms = kmsOfBoth();
    await messageOf(kekOf(ACME, kms), randomBytes(3));
    expect(kms.calls).toEqual([{ operation: 'GenerateDataKey', keyArn: ACME.kekArn, context: CONTEXT }]);
  });
});

describe('content that is not what was planned', () => {
  test.each([
    ['short by one byte', 101, 100],
    ['long by one byte', 99, 100],
    ['empty', 1, 0],
    ['not empty', 0, 1],
    ['short by a frame', 2 * FRAME_BYTES, FRAME_BYTES],
    ['long by two frames', FRAME_BYTES, 3 * FRAME_BYTES],
  ])('%s is an outage of storage', async (_, planned, actual) => {
    expect(await codeOfEncrypting(planned, inPieces(randomBytes(actual), 65_536))).toBe(
      'ERR_STORAGE_UNAVAILABLE',
    );
  });

  test('content that breaks off is an outage of storage, wherever it breaks', async () => {
    for (const beforeBytes of [0, 1, FRAME_BYTES, FRAME_BYTES + 1]) {
      async function* broken(): AsyncGenerator<Uint8Array> {
        if (beforeBytes > 0) yield await Promise.resolve(randomBytes(beforeBytes));
        throw new Error('socket hang up');
      }
      expect(await codeOfEncrypting(2 * FRAME_BYTES, broken())).toBe('ERR_STORAGE_UNAVAILABLE');
    }
  });

  test('content without end is closed as soon as it is too long', async () => {
    let released = false;
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        released = true;
      }
    }
    expect(await codeOfEncrypting(100, endless())).toBe('ERR_STORAGE_UNAVAILABLE');
    expect(released).toBe(true);
  });
});

describe('an abort while encrypting', () => {
  test('ends with the signal’s reason', async () => {
    const controller = new AbortController();
    const reason = new Error('out of time');
    function* content(): Generator<Uint8Array> {
      yield randomBytes(FRAME_BYTES);
      controller.abort(reason);
      yield randomBytes(FRAME_BYTES);
    }
    const plaintext = { bytes: 2 * FRAME_BYTES, content: content(), signal: controller.signal };
    const outcome = encrypt(kekOf(ACME, kmsOfBoth()), plaintext, CONTEXT);
    await expect(outcome).rejects.toBe(reason);
  });

  test('that comes while no piece arrives ends it at once', async () => {
    const controller = new AbortController();
    const reason = new Error('out of time');
    const plaintext = { bytes: 100, content: silentAfter(randomBytes(10)), signal: controller.signal };
    const outcome = encrypt(kekOf(ACME, kmsOfBoth()), plaintext, CONTEXT);
    setImmediate(() => {
      controller.abort(reason);
    });
    await expect(outcome).rejects.toBe(reason);
  });

  test('that came before the start ends it too', async () => {
    const reason = new Error('out of time');
    const plaintext = { bytes: 10, content: [randomBytes(10)], signal: AbortSignal.abort(reason) };
    const outcome = encrypt(kekOf(ACME, kmsOfBoth()), plaintext, CONTEXT);
    await expect(outcome).rejects.toBe(reason);
  });
});

async function codeOfEncrypting(bytes: number, content: Pieces): Promise<string | undefined> {
  const outcome = encrypt(kekOf(ACME, kmsOfBoth()), { bytes, content }, CONTEXT);
  return await outcome.then(() => undefined, codeOf);
}
