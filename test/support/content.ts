/** Plaintexts for tests, and what must never be found of them in a ciphertext. */
import { randomBytes } from 'node:crypto';

/** AES's block, and the shortest run of plaintext that cannot appear in a ciphertext by accident. */
const WINDOW_BYTES = 16;

/** A plaintext of so many bytes whose every 16-byte window is one of only 16, so that all of them can be looked for. */
export function marked(bytes: number): Buffer {
  return Buffer.alloc(bytes, randomBytes(WINDOW_BYTES));
}

/** Whether any 16-byte window of a `marked` plaintext appears in the ciphertext. */
export function holdsPlaintext(ciphertext: Uint8Array, plaintext: Buffer): boolean {
  const searched = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  for (let start = 0; start < WINDOW_BYTES && start + WINDOW_BYTES <= plaintext.length; start += 1) {
    if (searched.includes(plaintext.subarray(start, start + WINDOW_BYTES))) return true;
  }
  return false;
}

/** The bytes in pieces of the given length, as a socket hands them out. */
export function* inPieces(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

/** These bytes, and then nothing, not even an end. */
export async function* silentAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await new Promise(() => undefined);
}

/** Everything that was yielded before the end or the failure, and the failure's `code`. */
export async function drained(
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: Buffer; readonly code: string | undefined }> {
  const yielded: Uint8Array[] = [];
  let code: string | undefined;
  try {
    for await (const piece of pieces) yielded.push(piece);
  } catch (error) {
    code = codeOf(error);
  }
  return { bytes: Buffer.concat(yielded), code };
}

/** The stable code of a failure; its name where it is none of ours. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : String(error);
}
