/** Decrypts one message of a tenant: FORMAT rules 6 to 12 and 20 to 22. */
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MessageHeader } from '@aws-crypto/serialize';
import type { NodeMaterialsManager } from '@aws-crypto/client-node';
import { AuthenticationFailedError, SealstreamError } from '../../errors.ts';
import { type EncryptionContext, isSame, requireContext, sharedContext } from '../../object/context.ts';
import { Content, type Input } from './content.ts';
import { firstLine, withoutLine } from './first-line.ts';
import { gather } from './gather.ts';
import type { Kek } from '../kms/kek.ts';
import { decryptionMaterials } from './materials.ts';
import { requireHeader } from './message-header.ts';
import { MessageKey } from './message-key.ts';
import { FRAME_BYTES, messageBytes } from './message-size.ts';
import { sdk } from './suite.ts';

/** Verified frames that may wait for the consumer. */
const FRAMES_AHEAD = 2;

/**
 * Yields the plaintext frame by frame, each one verified. A message that is cut off or altered further on throws only
 * later: commit what you made of it only when the iteration has ended well.
 *
 * `expected` is the context that the message must carry, all of it and nothing else. It is in the header, and compared
 * before KMS is asked. In a message whose DEK serves other messages too, it is in the first line.
 * @throws ContextMismatchError, AuthenticationFailedError
 * @throws TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError, KmsUnavailableError as KMS says
 */
export async function* decrypt(
  kek: Kek,
  message: Input,
  expected: EncryptionContext,
): AsyncGenerator<Uint8Array> {
  const key = new MessageKey(kek, 'decrypt', expected);
  const requireExpected = checkFor(expected, kek);
  const decryptor = sdk.decryptStream(managerOf(key, requireExpected));
  const content = new Content(message, key.requireUsable);
  let header: MessageHeader | undefined;
  decryptor.once('MessageHeader', (verified: MessageHeader) => (header = verified));
  // Object mode, because iterating the Encryption SDK's own stream joins what it has buffered.
  const frames = new PassThrough({ objectMode: true, highWaterMark: FRAMES_AHEAD });
  try {
    const pieces = await requireHeader(gather(content.flow(), FRAME_BYTES), requireExpected);
    const fed = pipeline(pieces, decryptor, frames);
    // Awaited below; a failure surfaces in the iteration first.
    fed.catch(() => undefined);
    let plaintextBytes = 0;
    for await (const frame of withoutLine(frames, () => lineOf(header, expected))) {
      plaintextBytes += frame.length;
      yield frame;
    }
    await fed;
    requireEnd(content, header, lineOf(header, expected).length + plaintextBytes);
  } catch (error) {
    throw content.failure ?? failureOf(error, kek);
  } finally {
    frames.destroy();
    key.record();
  }
}

/** Returns the whole plaintext in one buffer. It is for small messages only. */
export async function decryptWhole(
  kek: Kek,
  message: Uint8Array,
  expected: EncryptionContext,
): Promise<Buffer> {
  const frames: Uint8Array[] = [];
  for await (const frame of decrypt(kek, { content: [message] }, expected)) frames.push(frame);
  return Buffer.concat(frames);
}

/**
 * Returns a check that accepts the expected context, and the context of a shared DEK: its messages carry theirs in
 * their first line.
 */
function checkFor(expected: EncryptionContext, kek: Kek): RequireContext {
  return (context) => {
    if (!isSame(context, sharedContext(kek.tenantId))) requireContext(context, expected);
  };
}

type RequireContext = (context: EncryptionContext) => void;

/**
 * Returns a materials manager that unwraps a DEK only when the Encryption SDK read an accepted context in the message.
 */
function managerOf(key: MessageKey, requireExpected: RequireContext): NodeMaterialsManager {
  const manager = decryptionMaterials(key);
  return {
    ...manager,
    async decryptMaterials(request) {
      requireExpected(request.encryptionContext);
      return await manager.decryptMaterials(request);
    },
  };
}

/** Returns the line that the plaintext must begin with: none when the header says which message it is. */
function lineOf(header: MessageHeader | undefined, expected: EncryptionContext): Uint8Array {
  if (header === undefined || isSame(header.encryptionContext, expected)) return new Uint8Array();
  return firstLine(expected);
}

/** Refuses bytes after the final frame, which the Encryption SDK ignores (FORMAT rule 9). */
function requireEnd(content: Content, header: MessageHeader | undefined, plaintextBytes: number): void {
  if (header !== undefined && content.bytes === messageBytes(header, plaintextBytes)) return;
  throw new Error('the message does not end with its final frame, or its frames are of another length');
}

function failureOf(error: unknown, kek: Kek): SealstreamError {
  if (error instanceof SealstreamError) return error;
  return new AuthenticationFailedError(`tenant ${kek.tenantId}: a message does not verify`, { cause: error });
}
