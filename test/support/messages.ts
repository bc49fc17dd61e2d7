/** The name of one object, and messages of its chunks, for tests of the envelope. */
import { chunkContext, type ChunkName, type EncryptionContext } from '../../shared/object/context.ts';
import { encrypt } from '../../shared/envelope/message/encrypt.ts';
import type { Kek } from '../../shared/envelope/kms/kek.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { ACME } from './tenants.ts';

export const NAME: ChunkName = {
  tenantId: ACME.tenantId,
  objectId: objectIdOf('ingest', 'acme/report.pdf', 'v1'),
  chunkCount: 3,
};

export const CONTEXT: EncryptionContext = chunkContext(NAME, 1);

export async function messageOf(
  kek: Kek,
  plaintext: Uint8Array,
  context: EncryptionContext = CONTEXT,
): Promise<Uint8Array> {
  using message = await encrypt(kek, { bytes: plaintext.length, content: [plaintext] }, context);
  // The copy is needed because the message's own buffer serves the next message.
  return Uint8Array.from(message.content);
}

/** Returns the message with one bit flipped. */
export function withBitFlipped(message: Uint8Array, bit: number): Uint8Array {
  const altered = Uint8Array.from(message);
  altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return altered;
}
