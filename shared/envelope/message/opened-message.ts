/** A message whose header has verified: its frames can be read, from any of them on. */
import type { GetDecipher } from '@aws-crypto/material-management-node';
import { AuthenticationFailedError, errorOf, SealstreamError } from '../../errors.ts';
import { isSame, requireContext, sharedContext, type EncryptionContext } from '../../object/context.ts';
import { zero } from '../cache/obtained-key.ts';
import type { Kek } from '../kms/kek.ts';
import type { Content } from './content.ts';
import { verifyHeader } from './derived-key.ts';
import { firstLine } from './first-line.ts';
import { obtainDecryptionMaterial } from './materials.ts';
import { type ReadHeader, takeHeader } from './message-header.ts';
import type { MessageKey } from './message-key.ts';

/** Disposing of it zeroes the DEK. */
export interface OpenedMessage extends Disposable {
  readonly header: ReadHeader;
  /** The line that the plaintext must begin with: empty when the header says which message it is. */
  readonly line: Uint8Array;
  readonly getDecipher: GetDecipher;
  readonly key: MessageKey;
}

/**
 * Takes the header from the beginning of a message and verifies it. The context that it must carry is that of `key`, or
 * that of a shared DEK, whose messages carry theirs in their first line. It is compared before KMS is asked.
 * @throws the errors of `takeHeader`, `obtainDecryptionMaterial` and `verifyHeader`
 */
export async function openMessage(message: Content, key: MessageKey): Promise<OpenedMessage> {
  const { context: expected, kek } = key;
  const requireExpected = (context: EncryptionContext): void => {
    if (!isSame(context, sharedContext(kek.tenantId))) requireContext(context, expected);
  };
  const header = await takeHeader(message, requireExpected);
  const isOwn = isSame(header.messageHeader.encryptionContext, expected);
  const material = await obtainDecryptionMaterial(key, header);
  try {
    const getDecipher = verifyHeader(header, material);
    const line = isOwn ? new Uint8Array() : firstLine(expected);
    return { header, line, getDecipher, key, [Symbol.dispose]: () => zero(material) };
  } catch (error) {
    zero(material);
    throw error;
  }
}

/**
 * Returns the error that a failed reader throws: the signal's reason once the signal is aborted, and for whatever does
 * not verify one uniform error.
 */
export function failureOf(error: unknown, { tenantId }: Kek, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return errorOf(signal.reason);
  if (error instanceof SealstreamError) return error;
  return new AuthenticationFailedError(`tenant ${tenantId}: a message does not verify`, { cause: error });
}
