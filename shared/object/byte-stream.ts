/** Bytes on their way, piece by piece. */

export type ByteStream = AsyncIterable<Uint8Array>;
