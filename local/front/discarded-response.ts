/** A response that is thrown away: the operation runs to its end, and its caller gets no answer. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

export function discardedResponse(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  const nowhere = new Nowhere();
  response.assignSocket(nowhere);
  // A server tells its response when the socket has drained. There is no server here, and a body above 64 KiB would
  // wait for ever.
  nowhere.on('drain', () => response.emit('drain'));
  return response;
}

/** A socket connected to nothing, which takes every byte at once. */
class Nowhere extends Socket {
  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
  override _writev(_chunks: readonly unknown[], done: () => void): void {
    done();
  }
}
