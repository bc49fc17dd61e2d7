import { AlgorithmSuiteIdentifier, CommitmentPolicy } from '@aws-crypto/client-node';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { firstLine } from '../../../shared/envelope/message/first-line.ts';
import { bodyBytes, FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { SUITE } from '../../../shared/envelope/message/suite.ts';
import { sharedContext } from '../../../shared/object/context.ts';
import { hierarchy } from '../../support/branch-keys.ts';
import { codeOf } from '../../support/content.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { stockHierarchyDecrypt } from '../../support/stock-hierarchy.ts';
import { stockDecrypt, stockEncrypt, type StockOptions } from '../../support/stock-sdk.ts';
import { ACME, GLOBEX, kekOf, kmsOfBoth } from '../../support/tenants.ts';

describe('a stock Encryption SDK', () => {
  const sizes = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES + 7];

  test.each(sizes)(
    'opens our message of %i bytes in every key mode, and finds our context in it',
    async (bytes) => {
      const sandbox = await hierarchy();
      const plaintext = randomBytes(bytes);
      const perChunk = await messageOf(sandbox.kek({ ...ACME, keyMode: 'per-chunk' }), plaintext);
      const opened = await stockDecrypt(sandbox.kms, ACME.kekArn, perChunk);
      expect(opened.plaintext.equals(plaintext)).toBe(true);
      expect(opened.context).toEqual(CONTEXT);

      const shared = await messageOf(sandbox.kek({ ...ACME, keyMode: 'cached' }), plaintext);
      const lined = await stockDecrypt(sandbox.kms, ACME.kekArn, shared);
      expect(lined.plaintext.equals(Buffer.concat([firstLine(CONTEXT), plaintext]))).toBe(true);
      expect(lined.context).toEqual(sharedContext(ACME.tenantId));

      const wrappedHere = await stockHierarchyDecrypt(sandbox, await messageOf(sandbox.kek(), plaintext));
      expect(wrappedHere.plaintext.equals(plaintext)).toBe(true);
      expect(wrappedHere.context).toEqual(CONTEXT);
    },
  );

  test.each(sizes)('makes a message of %i bytes that we open', async (bytes) => {
    const kms = kmsOfBoth();
    const plaintext = randomBytes(bytes);
    const request = { keyArn: ACME.kekArn, context: CONTEXT, suiteId: SUITE.id, frameLength: FRAME_BYTES };
    const message = await stockEncrypt(kms, plaintext, request);
    expect(message.length - bodyBytes(bytes)).toBeLessThan(1_000);
    expect(plaintext.equals(await decryptWhole(kekOf(ACME, kms), message, CONTEXT))).toBe(true);
  });

  test('does not open our message with another tenant’s KEK', async () => {
    const kms = kmsOfBoth();
    const message = await messageOf(kekOf(ACME, kms), randomBytes(10));
    await expect(stockDecrypt(kms, GLOBEX.kekArn, message)).rejects.toBeInstanceOf(Error);
  });
});

describe('a message of the stock Encryption SDK that is not of our format is refused', () => {
  const FORBID = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT;
  const foreign: readonly [string, StockOptions, string][] = [
    [
      'committed and signed (0x0578)',
      { suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384 },
      'ERR_CONTEXT_MISMATCH',
    ],
    [
      'without commitment (0x0178)',
      { suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA256, commitmentPolicy: FORBID },
      'ERR_AUTHENTICATION_FAILED',
    ],
    [
      'signed without commitment (0x0378)',
      {
        suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
        commitmentPolicy: FORBID,
      },
      'ERR_AUTHENTICATION_FAILED',
    ],
    [
      'without key derivation (0x0078)',
      { suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16, commitmentPolicy: FORBID },
      'ERR_AUTHENTICATION_FAILED',
    ],
    ['of two wrapped DEKs', { suiteId: SUITE.id, keyIds: [GLOBEX.kekArn] }, 'ERR_AUTHENTICATION_FAILED'],
  ];

  test.each(foreign)('%s', async (_what, options, code) => {
    const kms = kmsOfBoth();
    const message = await stockEncrypt(kms, randomBytes(100), {
      keyArn: ACME.kekArn,
      context: CONTEXT,
      ...options,
    });
    const asked = kms.calls.length;
    expect(await decryptWhole(kekOf(ACME, kms), message, CONTEXT).then(() => 'opened', codeOf)).toBe(code);
    expect(kms.calls).toHaveLength(asked);
  });

  test('a pair named __proto__ is a pair like any other', async () => {
    const kms = kmsOfBoth();
    const context: Record<string, string> = JSON.parse(
      JSON.stringify(CONTEXT).replace('}', ',"__proto__":"x"}'),
    );
    const message = await stockEncrypt(kms, randomBytes(5), {
      keyArn: ACME.kekArn,
      context,
      suiteId: SUITE.id,
    });
    const outcome = await decryptWhole(kekOf(ACME, kms), message, CONTEXT).then(() => 'opened', codeOf);
    expect(outcome).not.toBe('opened');
  });
});
