/** The body of a GetObject answer, which never grows beyond what its reader has room for. */
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { StorageUnavailableError } from '../errors.ts';

type Answer = Pick<GetObjectCommandOutput, 'Body' | 'ContentLength'>;

/** Returns the body's bytes. In Node the SDK's body is always a Readable of Buffers. */
export function byteStream(body: GetObjectCommandOutput['Body']): AsyncIterable<Uint8Array> {
  return readable(body);
}

/**
 * Returns the body's bytes, `maxBytes` at most. A body that declares more is not read, and `tooLarge` is thrown here. A
 * body that declares nothing is read up to `maxBytes`; if more comes, `tooLarge` is thrown while it is read. In both
 * cases the body is closed.
 */
export function boundedStream(
  { Body, ContentLength }: Answer,
  maxBytes: number,
  tooLarge: () => Error,
): AsyncIterable<Uint8Array> {
  const body = readable(Body);
  if ((ContentLength ?? 0) <= maxBytes) return closing(body, bounded(body, maxBytes, tooLarge));
  body.destroy();
  throw tooLarge();
}

/** Yields the body's bytes. Throws `tooLarge` and closes the body as soon as there are more than `maxBytes`. */
export async function* bounded(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxBytes) throw tooLarge();
    yield piece;
  }
}

/** Closes the body when its reader stops, even before it has begun: a generator that has not begun closes nothing. */
function closing(body: Readable, pieces: AsyncGenerator<Uint8Array>): AsyncIterable<Uint8Array> {
  const next = pieces.next.bind(pieces);
  return {
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        body.destroy();
        return await pieces.return(undefined);
      },
    }),
  };
}

/** Gives up a body that nobody reads, so that its connection is free. */
export function discard({ Body }: Pick<Answer, 'Body'>): void {
  if (Body instanceof Readable) Body.destroy();
}

function readable(body: GetObjectCommandOutput['Body']): Readable {
  if (!(body instanceof Readable)) throw new StorageUnavailableError('s3:GetObject answered without a body');
  // A body may fail before anybody reads it. Its reader is told then, but an error that nobody listens to ends the process.
  return body.on('error', () => undefined);
}
