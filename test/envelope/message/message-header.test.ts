import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Pieces } from '../../../shared/envelope/message/content.ts';
import { decrypt } from '../../../shared/envelope/message/decrypt.ts';
import { bodyBytes, FRAME_BYTES, MAX_HEADER_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { SUITE } from '../../../shared/envelope/message/suite.ts';
import type { EncryptionContext } from '../../../shared/object/context.ts';
import { drained } from '../../support/content.ts';
import type { KmsStandIn } from '../../support/kms-stand-in.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { stockEncrypt } from '../../support/stock-sdk.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

/** The offset of the length of the encryption context in a header: after version, suite and message id. */
const CONTEXT_LENGTH_AT = 1 + 2 + 32;

async function tryToOpen(kms: KmsStandIn, message: Pieces, context = CONTEXT) {
  const asked = kms.calls.length;
  const { bytes, code } = await drained(decrypt(kekOf(ACME, kms), { content: message }, context));
  return { code, released: bytes.length, kmsCalls: kms.calls.length - asked };
}

function contextOf(noteBytes: number): EncryptionContext {
  return { ...CONTEXT, note: 'x'.repeat(noteBytes) };
}

const REFUSED = { code: 'ERR_AUTHENTICATION_FAILED', released: 0, kmsCalls: 0 };

describe('the frame length of a header', () => {
  test.each([1, 4_096, FRAME_BYTES - 1, FRAME_BYTES + 1, 2 ** 32 - 1])(
    'of %i is refused before KMS is asked, though the only frame looks like one of ours',
    async (frameLength) => {
      const kms = kmsOfBoth();
      const request = { keyArn: ACME.kekArn, context: CONTEXT, suiteId: SUITE.id, frameLength };
      const message = await stockEncrypt(kms, randomBytes(1), request);
      expect(await tryToOpen(kms, [message])).toEqual(REFUSED);
    },
  );

  test(`of ${FRAME_BYTES} opens, whoever wrote the message`, async () => {
    const kms = kmsOfBoth();
    const request = { keyArn: ACME.kekArn, context: CONTEXT, suiteId: SUITE.id, frameLength: FRAME_BYTES };
    const message = await stockEncrypt(kms, randomBytes(1), request);
    expect(await tryToOpen(kms, [message])).toMatchObject({ code: undefined, released: 1 });
  });
});

describe('a header', () => {
  test('that says that the body is not framed is refused before KMS is asked', async () => {
    const kms = kmsOfBoth();
    const message = Buffer.from(await messageOf(kekOf(ACME, kms), randomBytes(10)));
    const frameLength = Buffer.alloc(4);
    frameLength.writeUInt32BE(FRAME_BYTES);
    message[message.indexOf(frameLength) - 1] = 1;
    expect(await tryToOpen(kms, [message])).toEqual(REFUSED);
  });

  test.each([
    ['nothing', 0],
    ['half a header', 300],
  ])('of which %s is there is refused', async (_what, bytes) => {
    const kms = kmsOfBoth();
    const message = await messageOf(kekOf(ACME, kms), randomBytes(10));
    expect(await tryToOpen(kms, [message.subarray(0, bytes)])).toEqual(REFUSED);
  });

  test(`of more than ${MAX_HEADER_BYTES} bytes is refused before KMS is asked, though all of it is as expected`, async () => {
    const kms = kmsOfBoth();
    const context = { ...CONTEXT, note: 'x'.repeat(MAX_HEADER_BYTES) };
    const request = { keyArn: ACME.kekArn, context, suiteId: SUITE.id, frameLength: FRAME_BYTES };
    const message = await stockEncrypt(kms, randomBytes(10), request);
    expect(await tryToOpen(kms, [message], context)).toEqual(REFUSED);
  });

  test(`of ${MAX_HEADER_BYTES} bytes is written and opens; one byte more is not written`, async () => {
    const kek = kekOf(ACME, kmsOfBoth());
    const shortest = await messageOf(kek, randomBytes(10), contextOf(0));
    const noteBytes = MAX_HEADER_BYTES - (shortest.length - bodyBytes(10));
    const longest = await messageOf(kek, randomBytes(10), contextOf(noteBytes));
    const { code } = await drained(decrypt(kek, { content: [longest] }, contextOf(noteBytes)));
    expect(code).toBeUndefined();
    await expect(messageOf(kek, randomBytes(10), contextOf(noteBytes + 1))).rejects.toThrow('no header ends');
  });

  test(`that claims more than ${MAX_HEADER_BYTES} bytes is refused after one frame’s worth of reading`, async () => {
    const kms = kmsOfBoth();
    const message = Buffer.from(await messageOf(kekOf(ACME, kms), randomBytes(10)));
    message.writeUInt16BE(0xffff, CONTEXT_LENGTH_AT);
    let bytesRead = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let piece: Uint8Array = message; bytesRead < 400 * FRAME_BYTES; piece = new Uint8Array(65_536)) {
        bytesRead += piece.length;
        yield await Promise.resolve(piece);
      }
    }
    expect(await tryToOpen(kms, endless())).toEqual(REFUSED);
    expect(bytesRead).toBeLessThanOrEqual(FRAME_BYTES + 65_536);
  });
});
