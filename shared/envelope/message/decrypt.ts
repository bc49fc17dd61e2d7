/** Decrypts one message of a tenant: FORMAT rules 6 to 12 and 20 to 22. */
import { AuthenticationFailedError, errorOf, SealstreamError } from '../../errors.ts';
import { type EncryptionContext, isSame, requireContext, sharedContext } from '../../object/context.ts';
import { zero } from '../cache/obtained-key.ts';
import type { Kek } from '../kms/kek.ts';
import { Content, type Input } from './content.ts';
import { verifyHeader } from './derived-key.ts';
import { firstLine, withoutLine } from './first-line.ts';
import { readFrames } from './frame-reader.ts';
import { obtainDecryptionMaterial } from './materials.ts';
import { type ReadHeader, takeHeader } from './message-header.ts';
import { MessageKey } from './message-key.ts';

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
  using held = new DisposableStack();
  try {
    const header = await takeHeader(body, acceptedContext(expected, kek));
    const material = held.adopt(await obtainDecryptionMaterial(key, header), zero);
    const getDecipher = verifyHeader(header, material);
    yield* withoutLine(readFrames({ body, header, getDecipher, key }), lineOf(header, expected));
  } catch (error) {
    throw message.signal?.aborted === true ? errorOf(message.signal.reason) : failureOf(error, kek);
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

/**
 * Returns a check that accepts the expected context, and the context of a shared DEK: its messages carry theirs in
 * their first line.
 */
function acceptedContext(expected: EncryptionContext, kek: Kek): (context: EncryptionContext) => void {
  return (context) => {
    if (!isSame(context, sharedContext(kek.tenantId))) requireContext(context, expected);
  };
}

/** Returns the line that the plaintext must begin with: none when the header says which message it is. */
function lineOf({ messageHeader }: ReadHeader, expected: EncryptionContext): Uint8Array {
  return isSame(messageHeader.encryptionContext, expected) ? new Uint8Array() : firstLine(expected);
}

function failureOf(error: unknown, kek: Kek): SealstreamError {
  if (error instanceof SealstreamError) return error;
  return new AuthenticationFailedError(`tenant ${kek.tenantId}: a message does not verify`, { cause: error });
}
