/**
 * Gathers the small buffers of a socket into buffers of one frame. The Encryption SDK can tell a foreign context from a
 * forgery only when the header of a message comes in one piece, and it is fastest when it gets whole frames.
 */
import type { Pieces } from './content.ts';

/** Yields the same bytes in buffers of exactly `bytes`, the last one shorter; each buffer is the caller's to keep. */
export async function* gather(source: Pieces, bytes: number): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let gathered = 0;
  for await (const piece of source) {
    let rest = piece;
    while (gathered + rest.length >= bytes) {
      const cut = bytes - gathered;
      yield join([...pieces, rest.subarray(0, cut)]);
      rest = rest.subarray(cut);
      pieces = [];
      gathered = 0;
    }
    if (rest.length > 0) pieces.push(rest);
    gathered += rest.length;
  }
  if (gathered > 0) yield join(pieces);
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
