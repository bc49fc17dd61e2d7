/**
 * FORMAT rules 21 and 22: the first line of a message whose DEK serves other messages too. The encryption context of
 * such a message cannot say which chunk or manifest it is. So the plaintext says it, authenticated like the rest of it.
 */
import { ContextMismatchError } from '../../errors.ts';
import { canonical, type EncryptionContext } from '../../object/context.ts';

export function firstLine(context: EncryptionContext): Uint8Array {
  return Buffer.from(`${canonical(context)}\n`);
}

/**
 * Yields the plaintext after the line, once the whole line was there.
 * @throws ContextMismatchError when the plaintext does not begin with the line
 */
export async function* withoutLine(
  plaintext: AsyncIterable<Uint8Array>,
  line: Uint8Array,
): AsyncGenerator<Uint8Array> {
  let missing = line;
  for await (const piece of plaintext) {
    const start = Math.min(missing.length, piece.length);
    if (Buffer.compare(piece.subarray(0, start), missing.subarray(0, start)) !== 0) throw mismatch();
    missing = missing.subarray(start);
    if (piece.length > start) yield piece.subarray(start);
  }
  if (missing.length > 0) throw mismatch();
}

/**
 * Requires that the plaintext begins with the line.
 * @throws ContextMismatchError
 */
export function requireLine(plaintext: readonly Uint8Array[], line: Uint8Array): void {
  if (!Buffer.concat(plaintext, line.length).equals(line)) throw mismatch();
}

function mismatch(): ContextMismatchError {
  return new ContextMismatchError('the first line of the message is not the context expected');
}
