/** A response that goes nowhere: the operation runs to its end, and its caller hears nothing of it. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

export function discardedResponse(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  const nowhere = new Nowhere();
  response.assignSocket(nowhere);
  // A server tells its response when the socket has drained; without one, a body above 64 KiB would wait for ever.
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
