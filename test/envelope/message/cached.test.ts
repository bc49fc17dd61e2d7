import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunkContext, manifestContext, sharedContext } from '../../../shared/object/context.ts';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { FRAME_BYTES, isMessageSize } from '../../../shared/envelope/message/message-size.ts';
import { cachedKeys, CACHED_GLOBEX } from '../../support/cached-keys.ts';
import { codeOf, holdsPlaintext, marked } from '../../support/content.ts';
import { CONTEXT, messageOf, NAME } from '../../support/messages.ts';
import { stockDecrypt } from '../../support/stock-sdk.ts';
import { ACME, GLOBEX } from '../../support/tenants.ts';

const LINE_BYTES = `${JSON.stringify(CONTEXT)}\n`.length;

describe('a message of a shared DEK', () => {
  test.each([0, 1, 1_001, FRAME_BYTES - LINE_BYTES, FRAME_BYTES, 3 * FRAME_BYTES + 5])(
    'of %i bytes holds nothing of its plaintext, and all of it comes back',
    async (bytes) => {
      const { kek } = cachedKeys();
      const plaintext = marked(bytes);
      const message = await messageOf(kek(), plaintext);
      expect(holdsPlaintext(message, plaintext)).toBe(false);
      expect(isMessageSize(message.length, LINE_BYTES + bytes)).toBe(true);
      expect(plaintext.equals(await decryptWhole(kek(), message, CONTEXT))).toBe(true);
    },
  );

  test('opens with any stock Encryption SDK: the tenant’s shared context, then one line, then the content', async () => {
    const { kek, kms } = cachedKeys();
    const plaintext = randomBytes(100);
    const stock = await stockDecrypt(kms, ACME.kekArn, await messageOf(kek(), plaintext));
    expect(stock.context).toEqual({ 'tenant-id': 'acme', purpose: 'shared', format: 'sealstream/1' });
    const end = stock.plaintext.indexOf('\n') + 1;
    expect(stock.plaintext.subarray(0, end).toString()).toBe(
      `{"chunk-count":"3","chunk-index":"1","format":"sealstream/1","object-id":"${NAME.objectId}","tenant-id":"acme"}\n`,
    );
    expect(stock.plaintext.subarray(end).equals(plaintext)).toBe(true);
  });

  test('opens in either keyMode, as does a message of a DEK of its own', async () => {
    const { kek } = cachedKeys();
    for (const [written, read] of [
      ['cached', 'per-chunk'],
      ['per-chunk', 'cached'],
    ] as const) {
      const message = await messageOf(kek({ keyMode: written }), Buffer.from('content'));
      const opened = await decryptWhole(kek({ keyMode: read }), message, CONTEXT);
      expect(opened.toString()).toBe('content');
    }
  });

  test('opens as no other chunk, object or manifest', async () => {
    const { kek } = cachedKeys();
    const message = await messageOf(kek(), Buffer.from('content'));
    const others = [
      chunkContext(NAME, 0),
      chunkContext({ ...NAME, chunkCount: 4 }, 1),
      manifestContext(NAME.tenantId, NAME.objectId),
    ];
    for (const other of others) {
      expect(await decryptWhole(kek(), message, other).then(() => 'opened', codeOf)).not.toBe('opened');
    }
  });

  test('of another tenant is refused before KMS is asked', async () => {
    const { kek, kms } = cachedKeys();
    const message = await messageOf(kek(), Buffer.from('content'));
    const asked = kms.calls.length;
    const outcome = decryptWhole(kek(CACHED_GLOBEX), message, CONTEXT);
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_CONTEXT_MISMATCH' });
    expect(kms.calls).toHaveLength(asked);
  });
});

describe('in keyMode cached', () => {
  test('one call of KMS serves many messages, to encrypt and to decrypt', async () => {
    const { kek, kms } = cachedKeys();
    const messages = [];
    for (let index = 0; index < 3; index += 1) {
      messages.push(await messageOf(kek(), randomBytes(10), chunkContext(NAME, index)));
    }
    for (const [index, message] of messages.entries()) {
      await decryptWhole(kek(), message, chunkContext(NAME, index));
    }
    expect(kms.calls).toEqual([
      { operation: 'GenerateDataKey', keyArn: ACME.kekArn, context: sharedContext(NAME.tenantId) },
      { operation: 'Decrypt', keyArn: ACME.kekArn, context: sharedContext(NAME.tenantId) },
    ]);
  });

  test('20 messages that miss the same key at once make one call of KMS, to encrypt and to decrypt', async () => {
    const { kek, kms } = cachedKeys();
    const indexes = Array.from({ length: 20 }, (_, index) => index);
    const name = { ...NAME, chunkCount: 20 };
    const messages = await Promise.all(
      indexes.map(async (index) => await messageOf(kek(), randomBytes(10), chunkContext(name, index))),
    );
    expect(kms.calls).toHaveLength(1);
    await Promise.all(
      messages.map(async (message, index) => await decryptWhole(kek(), message, chunkContext(name, index))),
    );
    expect(kms.calls).toHaveLength(2);
  });

  test('two tenants that share a cache and a context never share a DEK', async () => {
    const { kek, kms } = cachedKeys();
    const context = { purpose: 'the same for both' };
    await messageOf(kek(), randomBytes(10), context);
    await messageOf(kek(CACHED_GLOBEX), randomBytes(10), context);
    expect(kms.calls.map(({ keyArn }) => keyArn)).toEqual([ACME.kekArn, GLOBEX.kekArn]);
  });

  test('a tenant with maxKeyAgeSeconds 0 has nothing cached', async () => {
    const { kek, kms } = cachedKeys();
    const uncached = kek({ maxKeyAgeSeconds: 0 });
    for (const _ of [1, 2]) await decryptWhole(uncached, await messageOf(uncached, randomBytes(10)), CONTEXT);
    expect(kms.calls).toHaveLength(4);
  });
});
