/**
 * The header of a message, in format version 2:
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html#header-structure
 *
 * A header is a mere claim until its tag verifies, which takes the DEK. So it is held against FORMAT rules 6 to 9
 * before KMS is asked, and read within its bound: what breaks the rules costs no work.
 */
import {
  type EncryptedDataKey,
  MessageFormat,
  NodeAlgorithmSuite,
} from '@aws-crypto/material-management-node';
import {
  ContentType,
  deserializeFactory,
  type HeaderInfo,
  type MessageHeader,
  serializeFactory,
} from '@aws-crypto/serialize';
import type { EncryptionContext } from '../../object/context.ts';
import type { Content } from './content.ts';
import { FRAME_BYTES, MAX_HEADER_BYTES, TAG_BYTES } from './message-size.ts';
import { MAX_WRAPPED_DEKS, SUITE } from './suite.ts';

/** A header that was read and keeps the rules. */
export interface ReadHeader extends HeaderInfo {
  readonly messageHeader: HeaderV2;
}

type HeaderV2 = Extract<MessageHeader, { readonly version: MessageFormat.V2 }>;

/** The parts of a header that differ from message to message. */
export interface NewHeader {
  readonly messageId: Uint8Array;
  readonly encryptionContext: EncryptionContext;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  readonly suiteData: Uint8Array;
}

const { deserializeMessageHeader } = deserializeFactory(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  NodeAlgorithmSuite,
);
const { buildMessageHeader, serializeMessageHeader } = serializeFactory((text) => Buffer.from(text), {
  utf8Sorting: true,
});

/**
 * Takes the header and its tag from the beginning of a message.
 * @throws the error of `requireContext`, which is called first
 * @throws Error for a header that is missing or too long, or breaks a rule
 */
export async function takeHeader(
  message: Content,
  requireContext: (context: EncryptionContext) => void,
): Promise<ReadHeader> {
  const header = parse(await message.peek(MAX_HEADER_BYTES));
  requireContext(header.messageHeader.encryptionContext);
  requireRules(header.messageHeader);
  await message.take(header.headerLength + header.headerAuth.headerAuthLength);
  return header;
}

/** Returns the bytes of a header that keeps the rules, without its tag. */
export function serializeHeader(fields: NewHeader): Buffer {
  const header = buildMessageHeader({ ...fields, suite: SUITE, frameLength: FRAME_BYTES });
  requireRules(header);
  const bytes = serializeMessageHeader(header);
  if (bytes.length + TAG_BYTES > MAX_HEADER_BYTES) throw tooLong();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Parses the header, whose tag counts as a part of it (rule 9). Messages of format version 1 do not commit to their
 * key.
 */
function parse(start: Uint8Array): ReadHeader {
  const parsed = deserializeMessageHeader(start, { maxEncryptedDataKeys: MAX_WRAPPED_DEKS });
  if (parsed === false) throw tooLong();
  const { messageHeader } = parsed;
  if (messageHeader.version !== MessageFormat.V2) throw new Error('the message is of another format version');
  return { ...parsed, messageHeader };
}

function requireRules({ suiteId, contentType, frameLength, encryptedDataKeys }: MessageHeader): void {
  if (suiteId !== SUITE.id) throw new Error('the header names another algorithm suite');
  if (contentType !== ContentType.FRAMED_DATA) throw new Error('the header says that the body is not framed');
  if (frameLength !== FRAME_BYTES) throw new Error('the header names another frame length');
  if (encryptedDataKeys.length !== MAX_WRAPPED_DEKS) throw new Error('a message has one wrapped DEK');
}

function tooLong(): Error {
  return new Error(`no header ends within ${MAX_HEADER_BYTES} bytes`);
}
