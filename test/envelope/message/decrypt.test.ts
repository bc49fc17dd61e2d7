import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunkContext, type EncryptionContext, manifestContext } from '../../../shared/object/context.ts';
import { decrypt } from '../../../shared/envelope/message/decrypt.ts';
import { bodyBytes, FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { drained, inPieces, silentAfter } from '../../support/content.ts';
import { CONTEXT, messageOf, NAME, withBitFlipped } from '../../support/messages.ts';
import { ACME, GLOBEX, kekOf, kmsOfBoth } from '../../support/tenants.ts';

describe('decrypt', () => {
  test.each([1, 997, 65_536, FRAME_BYTES])(
    'opens a message that arrives in pieces of %i bytes',
    async (pieceBytes) => {
      const kek = kekOf(ACME, kmsOfBoth());
      const plaintext = randomBytes(pieceBytes === 1 ? 3_000 : 2 * FRAME_BYTES + 5);
      const message = await messageOf(kek, plaintext);
      const { bytes, code } = await drained(
        decrypt(kek, { content: inPieces(message, pieceBytes) }, CONTEXT),
      );
      expect(code).toBeUndefined();
      expect(bytes.equals(plaintext)).toBe(true);
    },
  );

  test('opens many messages at once', async () => {
    const kek = kekOf(ACME, kmsOfBoth());
    const plaintexts = Array.from({ length: 20 }, (_, index) => randomBytes(index * 1_000));
    const opened = await Promise.all(
      plaintexts.map(
        async (plaintext) =>
          await drained(decrypt(kek, { content: [await messageOf(kek, plaintext)] }, CONTEXT)),
      ),
    );
    expect(opened.map(({ bytes }) => bytes)).toEqual(plaintexts);
  });
});

describe('the expected context', () => {
  const { 'chunk-count': _, ...withoutCount } = CONTEXT;
  const others: readonly [string, EncryptionContext][] = [
    ['another chunk of the object', chunkContext(NAME, 2)],
    ['the object divided otherwise', chunkContext({ ...NAME, chunkCount: 4 }, 1)],
    ['another tenant', chunkContext({ ...NAME, tenantId: GLOBEX.tenantId }, 1)],
    ['the manifest', manifestContext(NAME.tenantId, NAME.objectId)],
    ['another format', { ...CONTEXT, format: 'sealstream/2' }],
    ['a pair more', { ...CONTEXT, purpose: 'chunk' }],
    ['a pair fewer', withoutCount],
    ['no context at all', {}],
  ];

  test.each(others)(
    'refuses a message where %s is expected, before KMS is asked',
    async (_what, expected) => {
      const kms = kmsOfBoth();
      const message = await messageOf(kekOf(ACME, kms), randomBytes(50));
      const asked = kms.calls.length;
      const { bytes, code } = await drained(decrypt(kekOf(ACME, kms), { content: [message] }, expected));
      expect(code).toBe('ERR_CONTEXT_MISMATCH');
      expect(bytes).toHaveLength(0);
      expect(kms.calls).toHaveLength(asked);
    },
  );

  test.each(others)('refuses a message made for %s', async (_what, context) => {
    const kek = kekOf(ACME, kmsOfBoth());
    const message = await messageOf(kek, randomBytes(50), context);
    expect((await drained(decrypt(kek, { content: [message] }, CONTEXT))).code).toBe('ERR_CONTEXT_MISMATCH');
  });
});

describe('another KEK', () => {
  test('a message under another tenant’s KEK does not open, and KMS is not asked', async () => {
    const kms = kmsOfBoth();
    const message = await messageOf(kekOf(GLOBEX, kms), randomBytes(50));
    const asked = kms.calls.length;
    const { code } = await drained(decrypt(kekOf(ACME, kms), { content: [message] }, CONTEXT));
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
    expect(kms.calls).toHaveLength(asked);
  });

  test('a wrapped DEK relabelled with the reader’s KEK does not unwrap', async () => {
    const kms = kmsOfBoth();
    const message = Buffer.from(await messageOf(kekOf(GLOBEX, kms), randomBytes(50)));
    const at = message.indexOf(GLOBEX.kekArn);
    message.write(ACME.kekArn, at);
    expect((await drained(decrypt(kekOf(ACME, kms), { content: [message] }, CONTEXT))).code).toBe(
      'ERR_AUTHENTICATION_FAILED',
    );
  });
});

describe('an altered message', () => {
  const frames = 3;
  const plaintext = randomBytes(frames * FRAME_BYTES + 10);
  const frameBytes = FRAME_BYTES + 32;

  async function opened(alter: (message: Buffer, headerBytes: number) => Uint8Array) {
    const kek = kekOf(ACME, kmsOfBoth());
    const message = Buffer.from(await messageOf(kek, plaintext));
    return await drained(
      decrypt(kek, { content: [alter(message, message.length - bodyBytes(plaintext.length))] }, CONTEXT),
    );
  }

  test('two swapped frames release only the frames before them', async () => {
    const { bytes, code } = await opened((message, headerBytes) => {
      const frame = (index: number) =>
        message.subarray(headerBytes + index * frameBytes, headerBytes + (index + 1) * frameBytes);
      const rest = message.subarray(headerBytes + frames * frameBytes);
      return Buffer.concat([message.subarray(0, headerBytes), frame(0), frame(2), frame(1), rest]);
    });
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
    expect(bytes.equals(plaintext.subarray(0, bytes.length))).toBe(true);
    expect(bytes.length).toBeLessThanOrEqual(FRAME_BYTES);
  });

  test.each([
    ['dropped', 0],
    ['doubled', 2],
  ])('a frame that was %s does not verify', async (_what, copies) => {
    const { code } = await opened((message, headerBytes) => {
      const start = headerBytes + frameBytes;
      const frame = message.subarray(start, start + frameBytes);
      const repeated = Array.from({ length: copies }, () => frame);
      return Buffer.concat([message.subarray(0, start), ...repeated, message.subarray(start + frameBytes)]);
    });
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('a message that is cut after a whole frame does not verify, though the frame did', async () => {
    const { bytes, code } = await opened((message, headerBytes) =>
      message.subarray(0, headerBytes + frameBytes),
    );
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
    expect(bytes.equals(plaintext.subarray(0, bytes.length))).toBe(true);
  });

  test.each([1, 64, frameBytes])('%i bytes after the end do not verify', async (extraBytes) => {
    const { code } = await opened((message) => Buffer.concat([message, Buffer.alloc(extraBytes)]));
    expect(code).toBe('ERR_AUTHENTICATION_FAILED');
  });

  test('a whole message after the end does not verify', async () => {
    expect((await opened((message) => Buffer.concat([message, message]))).code).toBe(
      'ERR_AUTHENTICATION_FAILED',
    );
  });

  test('says the same wherever it was altered', async () => {
    const kek = kekOf(ACME, kmsOfBoth());
    const message = await messageOf(kek, randomBytes(100));
    const headerBytes = message.length - bodyBytes(100);
    const messages = new Set<string>();
    for (const at of [
      0,
      1,
      headerBytes - 20,
      headerBytes - 1,
      headerBytes + 1,
      headerBytes + 30,
      message.length - 1,
    ]) {
      const content = [withBitFlipped(message, 8 * at)];
      await expect(
        Array.fromAsync(decrypt(kek, { content }, CONTEXT)).catch((error: Error) => {
          messages.add(error.message);
          throw error;
        }),
      ).rejects.toMatchObject({ code: 'ERR_AUTHENTICATION_FAILED' });
    }
    expect(messages.size).toBe(1);
  });

  test('bytes that are no message at all do not verify', async () => {
    for (const message of [Buffer.alloc(0), Buffer.from('{}'), randomBytes(2_000)]) {
      expect((await opened(() => message)).code).toBe('ERR_AUTHENTICATION_FAILED');
    }
  });
});

describe('a message that stops arriving', () => {
  test('is an outage of storage, not a forgery', async () => {
    const kek = kekOf(ACME, kmsOfBoth());
    const message = await messageOf(kek, randomBytes(2 * FRAME_BYTES));
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(message.subarray(0, FRAME_BYTES + 2_000));
      throw new Error('socket hang up');
    }
    expect((await drained(decrypt(kek, { content: broken() }, CONTEXT))).code).toBe(
      'ERR_STORAGE_UNAVAILABLE',
    );
  });

  test('an abort midway ends with the signal’s reason', async () => {
    const kek = kekOf(ACME, kmsOfBoth());
    const message = await messageOf(kek, randomBytes(3 * FRAME_BYTES));
    const controller = new AbortController();
    const reason = Object.assign(new Error('out of time'), { code: 'OUT_OF_TIME' });
    function* content(): Generator<Uint8Array> {
      yield message.subarray(0, 2 * FRAME_BYTES);
      controller.abort(reason);
      yield message.subarray(2 * FRAME_BYTES);
    }
    expect(
      (await drained(decrypt(kek, { content: content(), signal: controller.signal }, CONTEXT))).code,
    ).toBe('OUT_OF_TIME');
  });

  test('an abort while no piece arrives ends it at once', async () => {
    const kek = kekOf(ACME, kmsOfBoth());
    const message = await messageOf(kek, randomBytes(100));
    const controller = new AbortController();
    const reason = Object.assign(new Error('out of time'), { code: 'OUT_OF_TIME' });
    const opening = drained(
      decrypt(kek, { content: silentAfter(message.subarray(0, 50)), signal: controller.signal }, CONTEXT),
    );
    setImmediate(() => controller.abort(reason));
    expect((await opening).code).toBe('OUT_OF_TIME');
  });
});
