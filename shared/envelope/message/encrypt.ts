/** Encrypts one message under a tenant's KEK: FORMAT rules 6 to 11, 20 and 21. */
import { pipeline } from 'node:stream/promises';
import { StorageUnavailableError } from '../../errors.ts';
import { type EncryptionContext, sharedContext } from '../../object/context.ts';
import { Content, type Input } from './content.ts';
import { firstLine } from './first-line.ts';
import { cachesKeys, type Kek } from '../kms/kek.ts';
import { encryptionMaterials } from './materials.ts';
import { MessageBuffer, type Message } from './message-buffer.ts';
import { MessageKey } from './message-key.ts';
import { bodyBytes, FRAME_BYTES, MAX_HEADER_BYTES } from './message-size.ts';
import { sdk, SUITE } from './suite.ts';

export interface Plaintext extends Input {
  readonly bytes: number;
}

/**
 * Returns the whole message in one buffer, so that its upload can be retried. Memory: the message plus a few frames.
 * Dispose of the message (`using`) when it is written: its buffer serves the next message.
 * @throws TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError, KmsUnavailableError as KMS says
 * @throws EpochChangedError, KeyExpiredError when a cached key was dropped or grew too old meanwhile
 * @throws StorageUnavailableError when the content breaks off, or is not as long as `bytes`
 */
export async function encrypt(kek: Kek, plaintext: Plaintext, context: EncryptionContext): Promise<Message> {
  const line = cachesKeys(kek) ? firstLine(context) : undefined;
  const bytes = (line?.length ?? 0) + plaintext.bytes;
  const key = new MessageKey(kek, 'encrypt', context);
  const encryptor = sdk.encryptStream(encryptionMaterials(key, bytes), {
    suiteId: SUITE,
    encryptionContext: { ...(line === undefined ? context : sharedContext(kek.tenantId)) },
    frameLength: FRAME_BYTES,
  });
  const content = new Content(
    { content: requireAtMost(plaintext), signal: plaintext.signal },
    key.requireUsable,
  );
  const message = new MessageBuffer(bodyBytes(bytes) + MAX_HEADER_BYTES);
  try {
    await pipeline(prepend(line, content.flow()), encryptor, message.sink());
    requireWhole(content, plaintext);
  } catch (error) {
    message[Symbol.dispose]();
    throw error;
  } finally {
    key.record();
  }
  return message;
}

async function* prepend(
  line: Uint8Array | undefined,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (line !== undefined) yield line;
  yield* content;
}

/** Yields the content. Invariant: no more bytes flow than the message buffer was made for. */
async function* requireAtMost({ bytes, content }: Plaintext): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const piece of content) {
    left -= piece.length;
    if (left < 0) throw lengthError(bytes - left, bytes);
    yield piece;
  }
}

function requireWhole(content: Content, plaintext: Plaintext): void {
  if (content.failure !== undefined) throw content.failure;
  if (content.bytes !== plaintext.bytes) throw lengthError(content.bytes, plaintext.bytes);
}

function lengthError(actualBytes: number, plannedBytes: number): StorageUnavailableError {
  return new StorageUnavailableError(
    `the content has ${actualBytes} bytes or more, but ${plannedBytes} were planned`,
  );
}
