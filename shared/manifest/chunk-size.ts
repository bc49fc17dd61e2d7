/** FORMAT rule 9: the size of a chunk's message in the vault. */
import { firstLine } from '../envelope/message/first-line.ts';
import { isMessageSize, maxMessageBytes } from '../envelope/message/message-size.ts';
import { chunkContext, type ChunkName } from '../object/context.ts';
import { chunkRange, type Geometry, rangeBytes } from '../object/geometry.ts';

/** The object that a chunk belongs to. */
type ChunkedObject = ChunkName & Geometry;

/** True when `bytes` can be the size of the chunk's message, whether its DEK is its own or a shared one. */
export function isChunkSize(bytes: number, object: ChunkedObject, chunkIndex: number): boolean {
  return (
    isMessageSize(bytes, rangeBytes(chunkRange(object, chunkIndex))) ||
    isMessageSize(bytes, linedBytes(object, chunkIndex))
  );
}

/** Returns the most bytes that the chunk's message may take: those of a shared DEK, whose messages are longer. */
export function maxChunkBytes(object: ChunkedObject, chunkIndex: number): number {
  return maxMessageBytes(linedBytes(object, chunkIndex));
}

/** Returns the plaintext bytes of a message of a shared DEK, whose first line is its context. */
function linedBytes(object: ChunkedObject, chunkIndex: number): number {
  return firstLine(chunkContext(object, chunkIndex)).length + rangeBytes(chunkRange(object, chunkIndex));
}
