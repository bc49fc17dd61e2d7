/** Decrypts one message of a tenant: FORMAT rules 6 to 12 and 20 to 22. */
import type { EncryptionContext } from '../../object/context.ts';
import type { Kek } from '../kms/kek.ts';
import { Content, type Input } from './content.ts';
import { withoutLine } from './first-line.ts';
import { readFrames } from './frame-reader.ts';
import { MessageKey } from './message-key.ts';
import { failureOf, openMessage } from './opened-message.ts';

/**
 * Yields the plaintext in pieces, none before its frame has verified. Each piece is the caller's to keep. A message that
 * is cut off or altered further on throws only later: commit what you made of it only when the iteration has ended well.
 *
 * `expected` is the context that the message must carry, all of it and nothing else. It is in the header, and compared
 * before KMS is asked. In a message whose DEK serves other messages too, it is in the first line.
 * @throws ContextMismatchError, AuthenticationFailedError
 * @throws TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError, KmsUnavailableError as KMS says
 * @throws EpochChangedError when a cached key was dropped meanwhile
 * @throws StorageUnavailableError when the message breaks off, and the signal's reason when the signal is aborted
 */
export async function* decrypt(
  kek: Kek,
  message: Input,
  expected: EncryptionContext,
): AsyncGenerator<Uint8Array> {
  const key = new MessageKey(kek, 'decrypt', expected);
  using body = new Content(message);
  try {
    using opened = await openMessage(body, key);
    yield* withoutLine(readFrames(body, opened), opened.line);
  } catch (error) {
    throw failureOf(error, kek, message.signal);
  } finally {
    key.record();
  }
}

/** Returns the whole plaintext in one buffer. It is for small messages only. */
export async function decryptWhole(
  kek: Kek,
  message: Uint8Array,
  expected: EncryptionContext,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decrypt(kek, { content: [message] }, expected)) pieces.push(piece);
  return Buffer.concat(pieces);
}
