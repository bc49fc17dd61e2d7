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
 * Yields the plaintext after the line, once the whole line was there. `line` is called when the first frame has
 * arrived.
 * @throws ContextMismatchError when the plaintext does not begin with the line
 */
export async function* withoutLine(
  frames: AsyncIterable<Uint8Array>,
  line: () => Uint8Array,
): AsyncGenerator<Uint8Array> {
  let missing: Uint8Array | undefined;
  for await (const frame of frames) {
    missing ??= line();
    const start = Math.min(missing.length, frame.length);
    if (Buffer.compare(frame.subarray(0, start), missing.subarray(0, start)) !== 0) throw mismatch();
    missing = missing.subarray(start);
    if (frame.length > start) yield frame.subarray(start);
  }
  if ((missing ?? line()).length > 0) throw mismatch();
}

function mismatch(): ContextMismatchError {
  return new ContextMismatchError('the first line of the message is not the context expected');
}
