/**
 * Every check that the Encryption SDK makes when it decrypts, made to refuse here. The messages are forged by somebody
 * who has the DEK: all of their tags verify, so that nothing but the check can refuse them.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decrypt } from '../../../shared/envelope/message/decrypt.ts';
import { bodyBytes, FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { cachedKeys } from '../../support/cached-keys.ts';
import { drained } from '../../support/content.ts';
import { forge, type ForgedFrame, type Forgery, uint } from '../../support/forge.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { stockDecrypt } from '../../support/stock-sdk.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

const CONTENT = Buffer.from('what the forger wants us to release');
const FULL = Buffer.alloc(FRAME_BYTES, 'full');
const LAST_NUMBER = 2 ** 32 - 1;

const kms = kmsOfBoth();
const kek = kekOf(ACME, kms);

interface Attempt {
  readonly code: string | undefined;
  readonly released: number;
  readonly askedKms: boolean;
}

async function tryToOpen(message: Uint8Array): Promise<Attempt> {
  const [asked, unwrapped] = [kms.calls.length, kms.plaintextDeks.length];
  const { bytes, code } = await drained(decrypt(kek, { content: [message] }, CONTEXT));
  expect(kms.plaintextDeks.slice(unwrapped).every((dek) => dek.every((byte) => byte === 0))).toBe(true);
  return { code, released: bytes.length, askedKms: kms.calls.length > asked };
}

function regular(sequenceNumber: number): ForgedFrame {
  return { sequenceNumber, content: FULL, isFinalFrame: false };
}

function final(sequenceNumber: number, content: Uint8Array = CONTENT): ForgedFrame {
  return { sequenceNumber, content, isFinalFrame: true };
}

test('a forged message that breaks no rule opens, here and in the stock Encryption SDK', async () => {
  const message = await forge(kms, { frames: [regular(1), final(2)] });
  expect(await tryToOpen(message)).toMatchObject({ code: undefined, released: FRAME_BYTES + CONTENT.length });
  expect((await stockDecrypt(kms, ACME.kekArn, message)).plaintext).toHaveLength(
    FRAME_BYTES + CONTENT.length,
  );
});

describe('before KMS is asked, a header is refused', () => {
  const frames = [final(1)];
  const pairs = Object.entries(CONTEXT).map(([name, value]) => pair(name, value));
  const longName = pair('x'.repeat(100), '');

  const headers: readonly [string, Omit<Forgery, 'frames'>][] = [
    ['of a suite that does not exist', { suiteId: 0x04_79 }],
    ['of the committed suite that signs', { suiteId: 0x05_78 }],
    ['of a suite of format version 1', { suiteId: 0x01_78 }],
    ['that says that the body is not framed', { contentType: 1 }],
    ['of content type 0', { contentType: 0 }],
    ['of content type 3', { contentType: 3 }],
    ['of frame length 0', { frameLength: 0 }],
    [`of frame length ${LAST_NUMBER}`, { frameLength: LAST_NUMBER }],
    ['of no wrapped DEK', { wrappedDeks: () => uint(0, 2) }],
    [
      'of two wrapped DEKs',
      { wrappedDeks: (own) => Buffer.concat([uint(2, 2), own.subarray(2), own.subarray(2)]) },
    ],
    ['of 65,535 wrapped DEKs', { wrappedDeks: (own) => Buffer.concat([uint(65_535, 2), own.subarray(2)]) }],
    ['of a wrapped DEK without provider', { wrappedDeks: () => Buffer.alloc(8, '\0\x01') }],
    ['of a wrapped DEK longer than the header', { wrappedDeks: (own) => edited(own, 2, 0xff_ff) }],
    ['whose context claims a pair more', { contextSection: section(pairs, pairs.length + 1) }],
    ['whose context claims a pair less', { contextSection: section(pairs, pairs.length - 1) }],
    ['whose context claims 65,535 pairs', { contextSection: section(pairs, 65_535) }],
    [
      'whose context has bytes after its pairs',
      { contextSection: section([...pairs, Buffer.of(0)], pairs.length) },
    ],
    ['whose context has a pair twice', { contextSection: section([...pairs, ...pairs.slice(0, 1)]) }],
    [
      'whose context has a name of 65,535 bytes',
      { contextSection: section([...pairs, edited(longName, 0, 0xff_ff)]) },
    ],
  ];

  test.each(headers)('%s', async (_what, header) => {
    const attempt = await tryToOpen(await forge(kms, { frames, ...header }));
    expect(attempt).toEqual({ code: 'ERR_AUTHENTICATION_FAILED', released: 0, askedKms: false });
  });

  const contexts: readonly [string, readonly Buffer[]][] = [
    ['no context', []],
    [
      'a context of bytes that are not UTF-8',
      [...pairs.slice(1), Buffer.concat([uint(2, 2), Buffer.of(0xc3, 0x28), uint(0, 2)])],
    ],
    [
      'a value in UTF-8 that is cut off',
      [
        ...pairs.slice(0, -1),
        Buffer.concat([pair('format', '').subarray(0, 8), uint(1, 2), Buffer.of(0xc3)]),
      ],
    ],
    [
      'a name that is not in its shortest UTF-8',
      [...pairs.slice(1), Buffer.concat([uint(2, 2), Buffer.of(0xc1, 0xa6), uint(0, 2)])],
    ],
  ];

  test.each(contexts)('%s', async (_what, section_) => {
    const attempt = await tryToOpen(await forge(kms, { frames, contextSection: section(section_) }));
    expect(attempt).toEqual({ code: 'ERR_CONTEXT_MISMATCH', released: 0, askedKms: false });
  });

  test.each([0, 1, 3, 65, 128, 255])('format version %i', async (version) => {
    const message = await forge(kms, { frames });
    message[0] = version;
    expect(await tryToOpen(message)).toMatchObject({ code: 'ERR_AUTHENTICATION_FAILED', askedKms: false });
  });
});

test('a context whose pairs are in another order opens, as it does in the stock Encryption SDK', async () => {
  const pairs = Object.entries(CONTEXT).map(([name, value]) => pair(name, value));
  const message = await forge(kms, { frames: [final(1)], contextSection: section(pairs.toReversed()) });
  expect(await tryToOpen(message)).toMatchObject({ code: undefined });
  expect((await stockDecrypt(kms, ACME.kekArn, message)).plaintext.equals(CONTENT)).toBe(true);
});

describe('by the DEK, a header is refused', () => {
  test('that commits to another key, though its tag verifies', async () => {
    const attempt = await tryToOpen(await forge(kms, { frames: [final(1)], commitment: randomBytes(32) }));
    expect(attempt).toEqual({ code: 'ERR_AUTHENTICATION_FAILED', released: 0, askedKms: true });
  });

  test('with the wrapped DEK of another message of the same context', async () => {
    let theirs: Uint8Array = new Uint8Array();
    await forge(kms, { frames: [], wrappedDeks: (own) => (theirs = own) });
    const attempt = await tryToOpen(await forge(kms, { frames: [final(1)], wrappedDeks: () => theirs }));
    expect(attempt).toEqual({ code: 'ERR_AUTHENTICATION_FAILED', released: 0, askedKms: true });
  });

  test('with the tag of another message', async () => {
    const [message, other] = [
      await forge(kms, { frames: [final(1)] }),
      await forge(kms, { frames: [final(1)] }),
    ];
    const tagAt = message.length - bodyBytes(CONTENT.length) - 16;
    other.copy(message, tagAt, tagAt, tagAt + 16);
    expect(await tryToOpen(message)).toEqual({
      code: 'ERR_AUTHENTICATION_FAILED',
      released: 0,
      askedKms: true,
    });
  });
});

describe('whatever their tags say, frames are refused', () => {
  const nothingReleased: readonly [string, readonly ForgedFrame[]][] = [
    ['that are none', []],
    ['that begin at 0', [regular(0), final(1)]],
    ['that begin at 2', [regular(2), final(3)]],
    ['of which the only one is the second', [final(2)]],
    ['of which the only one has number 0', [final(0)]],
    [`of which the only one has number ${LAST_NUMBER}`, [final(LAST_NUMBER)]],
    ['after a final one', [final(1), regular(2)]],
    ['of which two are final', [final(1), final(2)]],
    ['of which the final one comes first', [final(2), regular(1)]],
    ['of which the only one is final and full', [final(1, FULL)]],
    [
      'of which the final one claims to be longer than it is',
      [{ ...final(1), contentLength: CONTENT.length + 1 }],
    ],
    [
      'of which the final one claims to be shorter than it is',
      [{ ...final(1), contentLength: CONTENT.length - 1 }],
    ],
    ['of which the final one claims the most bytes', [{ ...final(1), contentLength: LAST_NUMBER }]],
    ['of which a regular one is short', [{ ...regular(1), content: CONTENT }, final(2)]],
    [
      'of which a regular one is long',
      [{ ...regular(1), content: Buffer.concat([FULL, CONTENT]) }, final(2)],
    ],
  ];

  test.each(nothingReleased)('%s, and nothing is released', async (_what, frames) => {
    const attempt = await tryToOpen(await forge(kms, { frames }));
    expect(attempt).toEqual({ code: 'ERR_AUTHENTICATION_FAILED', released: 0, askedKms: true });
  });

  const oneReleased: readonly [string, readonly ForgedFrame[]][] = [
    ['of which the final one is missing', [regular(1)]],
    ['of which one comes twice', [regular(1), regular(1), final(2)]],
    ['of which one is left out', [regular(1), regular(3), final(4)]],
    ['of which the final one has the number before', [regular(1), final(1)]],
    ['of which the final one has number 0', [regular(1), final(0)]],
    ['of which the final one has a later number', [regular(1), final(3)]],
    ['of which the final one is full', [regular(1), final(2, FULL)]],
  ];

  test.each(oneReleased)('%s, and only the first one is released', async (_what, frames) => {
    const attempt = await tryToOpen(await forge(kms, { frames }));
    expect(attempt).toEqual({ code: 'ERR_AUTHENTICATION_FAILED', released: FRAME_BYTES, askedKms: true });
  });
});

describe('a tag', () => {
  test.each([15, 13, 12, 8, 4, 1, 0])('of which %i bytes are there does not verify', async (bytes) => {
    const message = await forge(kms, { frames: [final(1)] });
    expect(await tryToOpen(message.subarray(0, message.length - 16 + bytes))).toMatchObject({
      code: 'ERR_AUTHENTICATION_FAILED',
      released: 0,
    });
  });
});

describe('a body of another message', () => {
  test('does not verify under this header', async () => {
    const [one, other] = [await messageOf(kek, CONTENT), await messageOf(kek, CONTENT)];
    const cut = one.length - bodyBytes(CONTENT.length);
    const spliced = Buffer.concat([one.subarray(0, cut), other.subarray(cut)]);
    expect(await tryToOpen(spliced)).toEqual({
      code: 'ERR_AUTHENTICATION_FAILED',
      released: 0,
      askedKms: true,
    });
  });

  test('does not verify under this header, though both messages have the same DEK and context', async () => {
    const { kek: cachedKek } = cachedKeys();
    const [one, other] = [await messageOf(cachedKek(), CONTENT), await messageOf(cachedKek(), CONTENT)];
    const cut = one.length - bodyBytes(`${JSON.stringify(CONTEXT)}\n`.length + CONTENT.length);
    const spliced = Buffer.concat([one.subarray(0, cut), other.subarray(cut)]);
    const { bytes, code } = await drained(decrypt(cachedKek(), { content: [spliced] }, CONTEXT));
    expect({ released: bytes.length, code }).toEqual({ released: 0, code: 'ERR_AUTHENTICATION_FAILED' });
  });
});

/** Serializes an encryption context from its pairs: the length, the count, the pairs. */
function section(pairs: readonly Buffer[], count: number = pairs.length): Buffer {
  if (pairs.length === 0) return uint(0, 2);
  const body = Buffer.concat([uint(count, 2), ...pairs]);
  return Buffer.concat([uint(body.length, 2), body]);
}

function pair(name: string, value: string): Buffer {
  const parts = [name, value].map((text) => Buffer.from(text));
  return Buffer.concat(parts.flatMap((part) => [uint(part.length, 2), part]));
}

/** Returns the bytes with another 16-bit number in one place. */
function edited(bytes: Uint8Array, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(value, at);
  return copy;
}
