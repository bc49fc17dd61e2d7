/**
 * Checks a header against FORMAT rules 6 to 9. A header is a mere claim until its tag verifies. The Encryption SDK
 * verifies the tag only after KMS has unwrapped the DEK, and before that it gathers headers far longer than ours. So
 * the header is read here first, within its bound, and a message that breaks the rules is refused before it costs any
 * work.
 */
import { MessageFormat, NodeAlgorithmSuite } from '@aws-crypto/client-node';
import { ContentType, deserializeFactory, type MessageHeader } from '@aws-crypto/serialize';
import type { EncryptionContext } from '../../object/context.ts';
import { FRAME_BYTES, MAX_HEADER_BYTES } from './message-size.ts';
import { MAX_WRAPPED_DEKS, SUITE } from './suite.ts';

/** The suites as numbers, because the Encryption SDK has several enumerations of them. */
const SUITES: ReadonlySet<number> = new Set([SUITE]);

const { deserializeMessageHeader } = deserializeFactory(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  NodeAlgorithmSuite,
);

/**
 * Returns the same pieces if the first one begins with a header that keeps the rules; closes the pieces otherwise.
 * Precondition: the first piece is the whole message or holds at least `MAX_HEADER_BYTES` of it.
 * @throws the error of `requireContext`, which is called first
 * @throws Error for a header that is missing or too long, or names another suite, frame length or number of wrapped
 * DEKs
 */
export async function requireHeader(
  pieces: AsyncGenerator<Uint8Array>,
  requireContext: (context: EncryptionContext) => void,
): Promise<AsyncGenerator<Uint8Array>> {
  try {
    const first = await pieces.next();
    if (first.done === true) throw new Error('the message is empty');
    const header = headerOf(first.value);
    requireContext(header.encryptionContext);
    requireRules(header);
    return prepend(first.value, pieces);
  } catch (error) {
    await pieces.return(undefined);
    throw error;
  }
}

/**
 * Parses the header, whose tag counts as a part of it (rule 9). Messages of the older format do not commit to their
 * key.
 */
function headerOf(message: Uint8Array): MessageHeader {
  if (message[0] !== MessageFormat.V2) throw new Error('the message is of another format');
  const parsed = deserializeMessageHeader(message.subarray(0, MAX_HEADER_BYTES), {
    maxEncryptedDataKeys: MAX_WRAPPED_DEKS,
  });
  if (parsed === false) throw new Error(`no header ends within ${MAX_HEADER_BYTES} bytes`);
  return parsed.messageHeader;
}

function requireRules({ suiteId, contentType, frameLength }: MessageHeader): void {
  if (!SUITES.has(suiteId)) throw new Error('the header names another algorithm suite');
  if (contentType !== ContentType.FRAMED_DATA) throw new Error('the header says that the body is not framed');
  if (frameLength !== FRAME_BYTES) throw new Error('the header names another frame length');
}

async function* prepend(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
