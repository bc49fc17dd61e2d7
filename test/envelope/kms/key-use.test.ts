import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { manifestContext } from '../../../shared/object/context.ts';
import { decrypt, decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import { cachedKeys } from '../../support/cached-keys.ts';
import { CONTEXT, messageOf, NAME } from '../../support/messages.ts';
import { ACME } from '../../support/tenants.ts';

const STARTED = '2026-01-01T00:00:00.000Z';
const FETCHED = {
  tenantId: 'acme',
  kekArn: ACME.kekArn,
  keyMode: 'cached',
  operation: 'encrypt',
  objectId: NAME.objectId,
  chunkIndex: 1,
  cached: false,
  keyAgeMs: 0,
  kmsRequestId: 'request-1',
  epoch: ACME.epoch,
  startedAt: STARTED,
  endedAt: STARTED,
};

describe('the use of a key is recorded once per message', () => {
  test('with the call of KMS that its DEK came from, whether it came from the cache or not', async () => {
    const { kek, clock, uses } = cachedKeys();
    const message = await messageOf(kek(), randomBytes(10));
    clock.advance(2_000);
    await messageOf(kek(), randomBytes(10));
    await decryptWhole(kek(), message, CONTEXT);
    const later = { startedAt: '2026-01-01T00:00:02.000Z', endedAt: '2026-01-01T00:00:02.000Z' };
    expect(uses).toEqual([
      FETCHED,
      { ...FETCHED, ...later, cached: true, keyAgeMs: 2_000 },
      { ...FETCHED, ...later, operation: 'decrypt', kmsRequestId: 'request-2' },
    ]);
  });

  test('in keyMode per-chunk', async () => {
    const { kek, uses } = cachedKeys();
    await messageOf(kek({ keyMode: 'per-chunk' }), randomBytes(10));
    await messageOf(kek({ keyMode: 'per-chunk' }), randomBytes(10));
    expect(uses).toEqual([
      { ...FETCHED, keyMode: 'per-chunk' },
      { ...FETCHED, keyMode: 'per-chunk', kmsRequestId: 'request-2' },
    ]);
  });

  test('of a manifest, which has no chunk index', async () => {
    const { kek, uses } = cachedKeys();
    await messageOf(kek(), randomBytes(10), manifestContext(NAME.tenantId, NAME.objectId));
    expect(uses).toEqual([{ ...FETCHED, chunkIndex: undefined }]);
  });

  test('from its beginning to its end', async () => {
    const { kek, clock, uses } = cachedKeys();
    function* content(): Generator<Uint8Array> {
      yield randomBytes(10);
      clock.advance(5_000);
    }
    using _ = await encrypt(kek(), { bytes: 10, content: content() }, CONTEXT);
    expect(uses).toEqual([{ ...FETCHED, endedAt: '2026-01-01T00:00:05.000Z' }]);
  });

  test('also when the message failed midway or its reader stopped midway', async () => {
    const { kek, uses } = cachedKeys();
    await expect(encrypt(kek(), { bytes: 11, content: [randomBytes(10)] }, CONTEXT)).rejects.toThrow(Error);
    expect(uses).toEqual([FETCHED]);
    const message = await messageOf(kek(), randomBytes(3_000_000));
    for await (const _ of decrypt(kek(), { content: [message] }, CONTEXT)) break;
    expect(uses.map(({ operation }) => operation)).toEqual(['encrypt', 'encrypt', 'decrypt']);
  });

  test('and not at all when the message obtained no DEK', async () => {
    const { kek, kms, uses } = cachedKeys();
    const message = await messageOf(kek(), randomBytes(10));
    kms.refuse(ACME.kekArn, 'DisabledException');
    await expect(decryptWhole(kek(), message, CONTEXT)).rejects.toThrow(Error);
    await expect(messageOf(kek(), randomBytes(10))).rejects.toThrow(Error);
    expect(uses).toHaveLength(1);
  });
});
