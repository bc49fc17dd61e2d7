/** Encrypts one message under a tenant's KEK: FORMAT rules 6 to 11, 20 and 21. */
import { StorageUnavailableError } from '../../errors.ts';
import { type EncryptionContext, sharedContext } from '../../object/context.ts';
import { Content, type Input } from './content.ts';
import { beginMessage, type NewMessage } from './derived-key.ts';
import { firstLine } from './first-line.ts';
import { type Frame, frameOf, startFrame } from './frame.ts';
import { zero } from '../cache/obtained-key.ts';
import { cachesKeys, type Kek } from '../kms/kek.ts';
import { obtainEncryptionMaterial } from './materials.ts';
import { MessageBuffer, type Message } from './message-buffer.ts';
import { MessageKey } from './message-key.ts';
import { frameCount, maxMessageBytes } from './message-size.ts';

export interface Plaintext extends Input {
  readonly bytes: number;
}

/** The most bytes that the cipher gets at once: its output is copied while it is in the processor's cache. */
const CIPHER_BYTES = 65_536;

/**
 * Returns the whole message in one buffer, so that its upload can be retried. Memory: the message and a few pieces.
 * Dispose of the message (`using`) when it is written: its buffer serves the next message.
 * @throws TenantKeyDeniedError, TenantKeyUnusableError, TenantKeyMisconfiguredError, KmsUnavailableError as KMS says
 * @throws EpochChangedError, KeyExpiredError when a cached key was dropped or grew too old meanwhile
 * @throws StorageUnavailableError when the content breaks off, or is not as long as `bytes`
 */
export async function encrypt(kek: Kek, plaintext: Plaintext, context: EncryptionContext): Promise<Message> {
  const line = cachesKeys(kek) ? firstLine(context) : NO_LINE;
  const bytes = line.length + plaintext.bytes;
  const key = new MessageKey(kek, 'encrypt', context);
  const message = new MessageBuffer(maxMessageBytes(bytes));
  using content = new Content(plaintext, line);
  using held = new DisposableStack();
  try {
    const encryptionContext = cachesKeys(kek) ? sharedContext(kek.tenantId) : context;
    const material = await obtainEncryptionMaterial(key, encryptionContext, bytes);
    held.adopt(material, zero);
    await writeMessage(message, { content, bytes, begun: beginMessage(material), key });
  } catch (error) {
    message[Symbol.dispose]();
    throw error;
  } finally {
    key.record();
  }
  return message;
}

/** A message that is to be written. */
interface Writing {
  readonly content: Content;
  /** Bytes of the content, the first line included. */
  readonly bytes: number;
  readonly begun: NewMessage;
  readonly key: MessageKey;
}

async function writeMessage(message: MessageBuffer, writing: Writing): Promise<void> {
  const { content, bytes, begun } = writing;
  message.append(begun.header);
  for (let sequenceNumber = 1; sequenceNumber <= frameCount(bytes); sequenceNumber += 1)
    await writeFrame(frameOf(bytes, sequenceNumber), message, writing);
  if ((await content.peek(1)).length > 0) throw lengthError(writing);
}

async function writeFrame(frame: Frame, message: MessageBuffer, writing: Writing): Promise<void> {
  const { content, begun, key } = writing;
  const { frameHeader, cipher } = startFrame(frame, begun);
  message.append(frameHeader);
  for (let missing = frame.contentLength; missing > 0;) {
    const piece = await content.take(Math.min(missing, CIPHER_BYTES));
    if (piece.length === 0) throw lengthError(writing);
    await key.requireUsable();
    const ciphertext = cipher.update(piece);
    message.append(ciphertext);
    free(ciphertext);
    missing -= piece.length;
  }
  cipher.final();
  message.append(cipher.getAuthTag());
}

/**
 * Frees the memory of a cipher's output at once, so that the next output gets the same memory, which is still in the
 * processor's cache. The garbage collector would leave tens of MiB of such memory behind.
 */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

function lengthError({ content, bytes }: Writing): StorageUnavailableError {
  return new StorageUnavailableError(
    `the content has ${content.arrivedBytes} bytes or more, but ${bytes} were planned`,
  );
}

const NO_LINE = new Uint8Array();
