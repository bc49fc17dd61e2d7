/**
 * Reads altered and forged messages with our codec and with the stock Encryption SDK under the same KEK. Both accept a
 * message with the same plaintext, or both refuse it. The only exceptions are the rules of FORMAT that are stricter than
 * the SDK: `keepsOurRules` lists them. SEALSTREAM_RUNS is the number of messages. Default 100.
 */
import { buildClient, CommitmentPolicy, KmsKeyringNode, type MessageHeader } from '@aws-crypto/client-node';
import * as fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { decrypt } from '../../shared/envelope/message/decrypt.ts';
import { isSame } from '../../shared/object/context.ts';
import { bodyBytes, FRAME_BYTES, MAX_HEADER_BYTES } from '../../shared/envelope/message/message-size.ts';
import { drained } from '../support/content.ts';
import { forge, type ForgedFrame, type Forgery } from '../support/forge.ts';
import { CONTEXT, messageOf, withBitFlipped } from '../support/messages.ts';
import { stockEncrypt, type StockOptions } from '../support/stock-sdk.ts';
import { ACME, GLOBEX, kekOf, kmsOfBoth } from '../support/tenants.ts';

const RUNS = Number(process.env['SEALSTREAM_RUNS'] ?? 100);
const SUITE_ID = 0x04_78;
const SIGNING_SUITE_ID = 0x05_78;

const kms = kmsOfBoth();
const kek = kekOf(ACME, kms);
const stock = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const keyring = new KmsKeyringNode({ keyIds: [ACME.kekArn], clientProvider: () => kms });

interface Read {
  readonly plaintext: Buffer;
  readonly messageHeader: MessageHeader;
}

async function stockRead(message: Uint8Array): Promise<Read | undefined> {
  return await stock.decrypt(keyring, message).catch(() => undefined);
}

async function ourRead(message: Uint8Array): Promise<Buffer | undefined> {
  const { bytes, code } = await drained(decrypt(kek, { content: [message] }, CONTEXT));
  if (code === undefined) return bytes;
  expect(['ERR_AUTHENTICATION_FAILED', 'ERR_CONTEXT_MISMATCH']).toContain(code);
  return undefined;
}

/** True when a message that the SDK accepts keeps the rules of FORMAT that go beyond it. */
function keepsOurRules(message: Uint8Array, { plaintext, messageHeader }: Read): boolean {
  const { suiteId, frameLength, encryptedDataKeys, encryptionContext } = messageHeader;
  const headerBytes = message.length - bodyBytes(plaintext.length);
  return (
    // Rule 6. The SDK also accepts the committed suite that signs.
    new Set<number>([SUITE_ID]).has(suiteId) &&
    // Rule 7.
    encryptedDataKeys.length === 1 &&
    // Rule 8.
    frameLength === FRAME_BYTES &&
    // Rule 9: no full final frame, nothing after the final frame, and a bounded header.
    headerBytes === headerBytesOf(messageHeader) &&
    headerBytes <= MAX_HEADER_BYTES &&
    // Rule 12.
    isSame(encryptionContext, CONTEXT)
  );
}

/** Counts the bytes of a header with its tag, by the message format. */
function headerBytesOf({ encryptionContext, encryptedDataKeys }: MessageHeader): number {
  const pairs = Object.entries(encryptionContext).map((pair) => 4 + Buffer.byteLength(pair.join('')));
  const deks = encryptedDataKeys.map(
    ({ providerId, providerInfo, encryptedDataKey }) =>
      6 + Buffer.byteLength(providerId + providerInfo) + encryptedDataKey.length,
  );
  const context = pairs.length === 0 ? 0 : 2 + sum(pairs);
  return 1 + 2 + 32 + 2 + context + 2 + sum(deks) + 1 + 4 + 32 + 16;
}

function sum(lengths: readonly number[]): number {
  return lengths.reduce((one, other) => one + other, 0);
}

async function requireAgreement(message: Uint8Array): Promise<'accepted' | 'stricter' | 'refused'> {
  const theirs = await stockRead(message);
  const ours = await ourRead(message);
  const allowed = theirs !== undefined && keepsOurRules(message, theirs) ? theirs.plaintext : undefined;
  expect(ours?.toString('base64')).toBe(allowed?.toString('base64'));
  if (allowed !== undefined) return 'accepted';
  return theirs === undefined ? 'refused' : 'stricter';
}

const small = Buffer.from('the content of a small message');
const originals = [
  await messageOf(kek, small),
  await messageOf(kek, Buffer.alloc(0)),
  await messageOf(kek, Buffer.from('another small message, of another DEK')),
  await messageOf(kek, randomBytes(FRAME_BYTES)),
  await messageOf(kek, randomBytes(2 * FRAME_BYTES + 100)),
  await stockMessage({}),
  await stockMessage({ frameLength: 16 }),
  await stockMessage({ suiteId: SIGNING_SUITE_ID }),
  await stockMessage({ keyIds: [GLOBEX.kekArn] }),
].map((message) => Buffer.from(message));

async function stockMessage(options: StockOptions): Promise<Uint8Array> {
  const request = { keyArn: ACME.kekArn, context: CONTEXT, suiteId: SUITE_ID, frameLength: FRAME_BYTES };
  return await stockEncrypt(kms, small, { ...request, ...options });
}

/** A place in a message: near its beginning, near its end, or at a border of its frames, where most rules are. */
const place = fc.oneof(
  fc.nat({ max: 800 }),
  fc.nat({ max: 200 }).map((fromEnd) => -1 - fromEnd),
  fc
    .record({ frame: fc.nat({ max: 2 }), from: fc.integer({ min: 600, max: 850 }) })
    .map(({ frame, from }) => frame * (FRAME_BYTES + 32) + from),
);
const numbers = fc.constantFrom(0, 1, 2, 3, 4, 16, 255, 65_535, FRAME_BYTES, 2 ** 31, 2 ** 32 - 1);

const edit = fc.oneof(
  fc.record({ do: fc.constant('flip' as const), at: place, bit: fc.nat({ max: 7 }) }),
  fc.record({
    do: fc.constant('number' as const),
    at: place,
    value: numbers,
    bytes: fc.constantFrom(1, 2, 4),
  }),
  fc.record({ do: fc.constant('cut' as const), at: place, to: place }),
  fc.record({ do: fc.constant('double' as const), at: place, to: place }),
  fc.record({ do: fc.constant('append' as const), bytes: fc.uint8Array({ maxLength: 60 }) }),
  fc.record({ do: fc.constant('splice' as const), at: place, other: fc.nat({ max: originals.length - 1 }) }),
  fc.record({ do: fc.constant('swap' as const), one: fc.nat({ max: 2 }), other: fc.nat({ max: 2 }) }),
);
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never;

function altered(message: Buffer, change: Edit): Buffer {
  const index = (at: number): number =>
    Math.min(message.length, at < 0 ? Math.max(0, message.length + at) : at);
  const slice = (start: number, end?: number): Buffer => message.subarray(start, end);
  const copy = Buffer.from(message);
  switch (change.do) {
    case 'flip':
      return copy.length === 0
        ? copy
        : Buffer.from(withBitFlipped(copy, 8 * (index(change.at) % copy.length) + change.bit));
    case 'number': {
      const at = Math.min(index(change.at), copy.length - change.bytes);
      if (at >= 0) copy.writeUIntBE(change.value % 256 ** change.bytes, at, change.bytes);
      return copy;
    }
    case 'cut':
      return Buffer.concat([slice(0, index(change.at)), slice(Math.max(index(change.at), index(change.to)))]);
    case 'double':
      return Buffer.concat([slice(0, index(change.at)), slice(Math.min(index(change.at), index(change.to)))]);
    case 'append':
      return Buffer.concat([message, change.bytes]);
    case 'splice':
      return Buffer.concat([
        slice(0, index(change.at)),
        (originals[change.other] ?? copy).subarray(index(change.at)),
      ]);
    case 'swap': {
      const start = message.length - bodyBytes(2 * FRAME_BYTES + 100);
      const frame = (at: number): Buffer =>
        slice(start + at * (FRAME_BYTES + 32), start + (at + 1) * (FRAME_BYTES + 32));
      const order = [0, 1, 2].map((at) =>
        at === change.one ? change.other : at === change.other ? change.one : at,
      );
      return start > 0 ? Buffer.concat([slice(0, start), ...order.map(frame)]) : copy;
    }
    default:
      return copy;
  }
}

test('of unaltered messages, the ones that break our rules are refused by our reader alone', async () => {
  const outcomes = [];
  for (const original of originals) outcomes.push(await requireAgreement(original));
  expect(outcomes).toEqual([
    ...Array.from({ length: 6 }, () => 'accepted'),
    'stricter',
    'stricter',
    'stricter',
  ]);
});

test('whatever is done to a message, both readers accept the same plaintext or both refuse', async () => {
  const change = fc.record({
    original: fc.constantFrom(...originals),
    edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ original, edits }) => {
      await requireAgreement(edits.reduce(altered, original));
    }),
    { numRuns: RUNS },
  );
});

const FULL = Buffer.alloc(FRAME_BYTES, 'full');
const frame: fc.Arbitrary<ForgedFrame> = fc.record({
  sequenceNumber: fc.constantFrom(0, 1, 1, 1, 2, 2, 3, 2 ** 32 - 1),
  content: fc.constantFrom(FULL, FULL, Buffer.from('short'), Buffer.alloc(0)),
  isFinalFrame: fc.boolean(),
});
const wellNumbered: fc.Arbitrary<readonly ForgedFrame[]> = fc
  .record({ regular: fc.nat({ max: 2 }), last: fc.constantFrom(FULL, Buffer.from('short'), Buffer.alloc(0)) })
  .map(({ regular, last }) => [
    ...Array.from({ length: regular }, (_, at) => ({
      sequenceNumber: at + 1,
      content: FULL,
      isFinalFrame: false,
    })),
    { sequenceNumber: regular + 1, content: last, isFinalFrame: true },
  ]);
const forgery: fc.Arbitrary<Forgery> = fc.record(
  {
    frames: fc.oneof(wellNumbered, fc.array(frame, { maxLength: 3 })),
    contentType: fc.constantFrom(0, 1, 2, 2, 2, 3),
    frameLength: fc.constantFrom(0, 5, FRAME_BYTES, FRAME_BYTES, FRAME_BYTES, FRAME_BYTES + 1),
  },
  { requiredKeys: ['frames'] },
);

test('whatever somebody forges who has the DEK, both readers accept the same plaintext or both refuse', async () => {
  await fc.assert(
    fc.asyncProperty(forgery, fc.uint8Array({ maxLength: 2 }), async (claims, more) => {
      await requireAgreement(Buffer.concat([await forge(kms, claims), more]));
    }),
    { numRuns: RUNS },
  );
});
