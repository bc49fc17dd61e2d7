/** FORMAT rule 5: the division of one object's bytes into chunks. Pure arithmetic; exact up to 2^53 − 1 bytes. */

export interface Geometry {
  /** Plaintext bytes of the whole object. */
  readonly sizeBytes: number;
  /** Plaintext bytes of every chunk but the last. */
  readonly chunkBytes: number;
  /** This is at least 1: an empty object is one empty chunk. */
  readonly chunkCount: number;
}

/** The largest chunk that a sandbox can hold: 1 GiB. */
export const MAX_CHUNK_BYTES = 1_073_741_824;

/** FORMAT rule 28: the most bytes of an object that rests as one message. */
export const MAX_INLINE_BYTES = 1_048_576;

/** The half-open range `[start, end)`, in plaintext bytes of the object. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export function geometryOf(sizeBytes: number, chunkBytes: number): Geometry {
  return { sizeBytes, chunkBytes, chunkCount: Math.max(1, Math.ceil(sizeBytes / chunkBytes)) };
}

/** Returns the range of one chunk. Precondition: `0 ≤ index < chunkCount`. */
export function chunkRange({ sizeBytes, chunkBytes }: Geometry, index: number): ByteRange {
  const start = index * chunkBytes;
  return { start, end: Math.min(start + chunkBytes, sizeBytes) };
}

/** A chunk that holds a part of a range, and the part in bytes of the chunk's content. */
export interface ChunkPart {
  readonly chunkIndex: number;
  readonly range: ByteRange;
}

/** Yields the parts of a range of the object, in order. Precondition: `0 ≤ start < end ≤ sizeBytes`. */
export function* partsOf(geometry: Geometry, { start, end }: ByteRange): Generator<ChunkPart> {
  for (let at = start; at < end;) {
    const chunkIndex = Math.floor(at / geometry.chunkBytes);
    const chunk = chunkRange(geometry, chunkIndex);
    const partEnd = Math.min(end, chunk.end);
    yield { chunkIndex, range: { start: at - chunk.start, end: partEnd - chunk.start } };
    at = partEnd;
  }
}

export function rangeBytes({ start, end }: ByteRange): number {
  return end - start;
}
