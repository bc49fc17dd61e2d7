/**
 * The aws-chunked content encoding: `size[;chunk-signature=…]CRLF bytes CRLF`, ended by a chunk of size 0 and, in
 * the trailer variants, header lines. The signatures of chunks are not verified.
 */
import { AwsError } from '../front/service.ts';
import { incompleteBody } from './errors.ts';

export interface AwsChunked {
  /**
   * The decoded bytes.
   * @throws IncompleteBody, InvalidChunkSizeError, or MalformedTrailerError while they are read
   */
  readonly bytes: AsyncGenerator<Buffer>;
  /** The trailers by lower-case name, complete once `bytes` has ended. */
  readonly trailers: ReadonlyMap<string, string>;
}

/** The smallest chunk that S3 takes, except for the last one. */
const MIN_CHUNK_BYTES = 8192;
const MAX_LINE_BYTES = 16 * 1024;

export function decodeAwsChunked(encoded: AsyncIterable<Buffer>): AwsChunked {
  const trailers = new Map<string, string>();
  return { bytes: decode(createReader(encoded), trailers), trailers };
}

interface Reader {
  /** Resolves to the next line without its CRLF; undefined at the end. */
  line(): Promise<string | undefined>;
  /** Yields exactly `bytes` bytes, in pieces as they arrived. */
  take(bytes: number): AsyncGenerator<Buffer>;
}

async function* decode(reader: Reader, trailers: Map<string, string>): AsyncGenerator<Buffer> {
  let previousBytes = MIN_CHUNK_BYTES;
  for (;;) {
    const chunkBytes = chunkSize(await reader.line());
    if (chunkBytes === 0) break;
    if (previousBytes < MIN_CHUNK_BYTES) throw chunkTooSmall(previousBytes);
    yield* reader.take(chunkBytes);
    if ((await reader.line()) !== '') throw incompleteBody();
    previousBytes = chunkBytes;
  }
  for (let line = await reader.line(); line !== undefined && line !== ''; line = await reader.line())
    addTrailer(trailers, line);
}

function chunkSize(line: string | undefined): number {
  const [, digits] = /^([0-9a-f]{1,12})(?:;.*)?$/i.exec(line ?? '') ?? [];
  if (digits === undefined) throw incompleteBody();
  return Number.parseInt(digits, 16);
}

function addTrailer(trailers: Map<string, string>, line: string): void {
  const colon = line.indexOf(':');
  if (colon < 1) {
    const message =
      'The request contained trailing data that was not well-formed or did not conform to our published schema.';
    throw new AwsError('MalformedTrailerError', 400, message);
  }
  trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
}

function createReader(encoded: AsyncIterable<Buffer>): Reader {
  const source = encoded[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const fill = async (): Promise<boolean> => {
    const next = await source.next();
    if (next.done === true) return false;
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    return true;
  };
  return {
    async line() {
      let end = rest.indexOf('\n');
      while (end < 0) {
        if (rest.length > MAX_LINE_BYTES) throw incompleteBody();
        if (!(await fill())) return undefined;
        end = rest.indexOf('\n');
      }
      const line = rest.toString('latin1', 0, end);
      rest = rest.subarray(end + 1);
      return line.endsWith('\r') ? line.slice(0, -1) : line;
    },
    async *take(bytes) {
      for (let left = bytes; left > 0;) {
        if (rest.length === 0 && !(await fill())) throw incompleteBody();
        const piece = rest.subarray(0, left);
        rest = rest.subarray(piece.length);
        left -= piece.length;
        if (piece.length > 0) yield piece;
      }
    },
  };
}

function chunkTooSmall(chunkBytes: number): AwsError {
  const message = 'Only the last chunk is allowed to have a size less than 8192 bytes';
  return new AwsError('InvalidChunkSizeError', 403, message, { BadChunkSize: chunkBytes });
}
