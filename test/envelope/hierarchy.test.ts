import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../shared/envelope/decrypt.ts';
import { hierarchy } from '../support/branch-keys.ts';
import { CONTEXT, messageOf } from '../support/messages.ts';

describe('keyMode hierarchical', () => {
  test('opens what it made, and asks KMS once for many messages', async () => {
    const { kek, kms, uses } = await hierarchy();
    const asked = kms.calls.length;
    const plaintext = randomBytes(1_000);
    const messages = await Promise.all(
      Array.from({ length: 20 }, async () => await messageOf(kek(), plaintext)),
    );
    for (const message of messages) {
      expect(Buffer.from(message).includes(plaintext)).toBe(false);
      expect(plaintext.equals(await decryptWhole(kek(), message, CONTEXT))).toBe(true);
    }
    expect(kms.calls.slice(asked).map(({ operation }) => operation)).toEqual(['Decrypt', 'Decrypt']);
    expect(new Set(uses.map(({ branchKeyVersion }) => branchKeyVersion)).size).toBe(1);
  });
});
