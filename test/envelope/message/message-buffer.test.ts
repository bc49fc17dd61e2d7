import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import { holdsPlaintext, marked } from '../../support/content.ts';
import { CONTEXT } from '../../support/messages.ts';
import { ACME, GLOBEX, kekOf, kmsOfBoth } from '../../support/tenants.ts';

const MIB = 1_048_576;
const kek = kekOf(ACME, kmsOfBoth());

async function opens(messageContent: Uint8Array, plaintext: Buffer): Promise<boolean> {
  return plaintext.equals(await decryptWhole(kek, messageContent, CONTEXT));
}

describe('the buffer of a message', () => {
  test('serves the next message, shorter or longer, and shows nothing of the one before', async () => {
    for (const bytes of [6 * MIB, 5 * MIB + 1, 100, 7 * MIB, 6 * MIB]) {
      const plaintext = randomBytes(bytes);
      using message = await encrypt(kek, { bytes, content: [plaintext] }, CONTEXT);
      expect(await opens(message.content, plaintext)).toBe(true);
    }
  });

  test('is not shared by messages that live at once', async () => {
    const plaintexts = [randomBytes(5 * MIB), randomBytes(5 * MIB), randomBytes(5 * MIB)];
    const messages = await Promise.all(
      plaintexts.map(
        async (content) => await encrypt(kek, { bytes: content.length, content: [content] }, CONTEXT),
      ),
    );
    for (const [index, plaintext] of plaintexts.entries()) {
      expect(await opens(messages[index]?.content ?? new Uint8Array(), plaintext)).toBe(true);
    }
  });

  test('holds ciphertext alone, and the next tenant’s message shows none of it', async () => {
    const plaintexts = [marked(12 * MIB), marked(11 * MIB)] as const;
    const ours = await encrypt(kek, { bytes: 12 * MIB, content: [plaintexts[0]] }, CONTEXT);
    const ourEnd = Buffer.from(ours.content.subarray(-64));
    ours[Symbol.dispose]();
    const theirKek = kekOf(GLOBEX, kmsOfBoth());
    using theirs = await encrypt(theirKek, { bytes: 11 * MIB, content: [plaintexts[1]] }, CONTEXT);
    const memory = Buffer.from(theirs.content.buffer);
    expect(memory.includes(ourEnd)).toBe(true);
    expect(plaintexts.filter((plaintext) => holdsPlaintext(memory, plaintext))).toEqual([]);
    expect(Buffer.from(theirs.content).includes(ourEnd)).toBe(false);
  });

  test('is gone once the message is disposed of', async () => {
    const message = await encrypt(kek, { bytes: 1, content: [randomBytes(1)] }, CONTEXT);
    message[Symbol.dispose]();
    expect(() => message.content).toThrow('disposed');
  });

  test('of a message that failed serves the next message', async () => {
    const content = [randomBytes(5 * MIB)];
    await expect(encrypt(kek, { bytes: 6 * MIB, content }, CONTEXT)).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
    const plaintext = randomBytes(5 * MIB);
    using message = await encrypt(kek, { bytes: plaintext.length, content: [plaintext] }, CONTEXT);
    expect(await opens(message.content, plaintext)).toBe(true);
  });
});
