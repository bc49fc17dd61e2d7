/** Plaintexts for tests, and a search for their bytes in a ciphertext. */
import { randomBytes } from 'node:crypto';

/** The block of AES: a run of plaintext of this length cannot appear in a ciphertext by accident. */
const WINDOW_BYTES = 16;

/**
 * Returns a plaintext of so many bytes. It has only 16 different 16-byte windows, so a search for all of them is quick.
 */
export function marked(bytes: number): Buffer {
  return Buffer.alloc(bytes, randomBytes(WINDOW_BYTES));
}

/** True when any 16-byte window of a `marked` plaintext appears in the ciphertext. */
export function holdsPlaintext(ciphertext: Uint8Array, plaintext: Buffer): boolean {
  const searched = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  for (let start = 0; start < WINDOW_BYTES && start + WINDOW_BYTES <= plaintext.length; start += 1) {
    if (searched.includes(plaintext.subarray(start, start + WINDOW_BYTES))) return true;
  }
  return false;
}

/** Yields the bytes in pieces of the given length, as a socket does. */
export function* inPieces(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

/** Yields these bytes, and then neither bytes nor an end. */
export async function* silentAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await new Promise(() => undefined);
}

/** Collects everything that is yielded before the end or the failure, and the `code` of the failure. */
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

/** Returns the stable code of a failure, or its name when it is not an error of ours. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : String(error);
}
