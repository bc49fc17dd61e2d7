/** Stops messages midway in every way, and then says that it is alive: no error may stay uncaught. */
import { randomBytes } from 'node:crypto';
import { decrypt } from '../../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import { FRAME_BYTES } from '../../../shared/envelope/message/message-size.ts';
import { drained, inPieces } from '../../support/content.ts';
import { CONTEXT, messageOf, withBitFlipped } from '../../support/messages.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

const kms = kmsOfBoth();
const kek = kekOf(ACME, kms);
const plaintext = randomBytes(4 * FRAME_BYTES);
const message = await messageOf(kek, plaintext);

async function stopAfter(frames: number): Promise<void> {
  let seen = 0;
  for await (const _ of decrypt(kek, { content: inPieces(message, 65_536) }, CONTEXT)) {
    seen += 1;
    if (seen > frames) break;
  }
}

async function abortAfter(pieces: number): Promise<void> {
  const controller = new AbortController();
  function* content(): Generator<Uint8Array> {
    let fed = 0;
    for (const piece of inPieces(plaintext, 65_536)) {
      if (fed === pieces) controller.abort(new Error('out of time'));
      fed += 1;
      yield piece;
    }
  }
  await encrypt(
    kek,
    { bytes: plaintext.length, content: content(), signal: controller.signal },
    CONTEXT,
  ).catch(() => undefined);
}

const neverRead = decrypt(kek, { content: [message] }, CONTEXT);
await neverRead.return(undefined);
for (const frames of [0, 1, 2, 3]) await stopAfter(frames);
for (const pieces of [0, 1, 20]) await abortAfter(pieces);
for (const bytes of [0, 1, 500, 1_000, FRAME_BYTES, message.length - 1]) {
  await drained(decrypt(kek, { content: inPieces(message.subarray(0, bytes), 65_536) }, CONTEXT));
}
for (const bit of [0, 800, 6_000, 8 * (FRAME_BYTES + 5_000)]) {
  await drained(decrypt(kek, { content: inPieces(withBitFlipped(message, bit), 65_536) }, CONTEXT));
}
kms.refuse(ACME.kekArn, 'DisabledException');
await abortAfter(3);
await stopAfter(1).catch(() => undefined);

// An uncaught error would have surfaced after these turns.
for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
process.stdout.write('alive');
