import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunkContext } from '../../../shared/object/context.ts';
import { decrypt, decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import { FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { CONTEXT, messageOf, NAME } from '../../support/messages.ts';
import type { KmsStandIn } from '../../support/kms-stand-in.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

/** Counts the plaintext DEKs of KMS's answers that are zeroed by now. */
function countZeroed({ plaintextDeks }: KmsStandIn): string {
  const zeroed = plaintextDeks.filter((dek) => dek.every((byte) => byte === 0));
  return `${zeroed.length} of ${plaintextDeks.length}`;
}

describe('the plaintext DEK is zeroed', () => {
  test('after encrypting and after decrypting', async () => {
    const kms = kmsOfBoth();
    const message = await messageOf(kekOf(ACME, kms), randomBytes(FRAME_BYTES + 3));
    expect(countZeroed(kms)).toBe('1 of 1');
    await decryptWhole(kekOf(ACME, kms), message, CONTEXT);
    expect(countZeroed(kms)).toBe('2 of 2');
  });

  test('after the content broke off', async () => {
    const kms = kmsOfBoth();
    const content = [randomBytes(10)];
    await expect(encrypt(kekOf(ACME, kms), { bytes: 11, content }, CONTEXT)).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
    expect(countZeroed(kms)).toBe('1 of 1');
  });

  test('after a message that does not verify', async () => {
    const kms = kmsOfBoth();
    const message = await messageOf(kekOf(ACME, kms), randomBytes(10));
    await expect(decryptWhole(kekOf(ACME, kms), message.subarray(0, -1), CONTEXT)).rejects.toMatchObject({
      code: 'ERR_AUTHENTICATION_FAILED',
    });
    expect(countZeroed(kms)).toBe('2 of 2');
  });

  test('after the reader stopped early', async () => {
    const kms = kmsOfBoth();
    const message = await messageOf(kekOf(ACME, kms), randomBytes(3 * FRAME_BYTES));
    for await (const frame of decrypt(kekOf(ACME, kms), { content: [message] }, CONTEXT)) {
      expect(frame.length).toBeGreaterThan(0);
      break;
    }
    expect(countZeroed(kms)).toBe('2 of 2');
  });
});

describe('a data key', () => {
  test('protects one chunk and no other', async () => {
    const kms = kmsOfBoth();
    const kek = kekOf(ACME, kms);
    await Promise.all(
      [0, 1, 2].map(async (index) => await messageOf(kek, randomBytes(10), chunkContext(NAME, index))),
    );
    const indexes = kms.calls.map(({ context }) => context['chunk-index']);
    expect(new Set(indexes)).toEqual(new Set(['0', '1', '2']));
  });
});
