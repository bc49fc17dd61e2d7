/** A response that goes nowhere: the operation runs to its end, and its caller hears nothing of it. */
import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

export function discardedResponse(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(new Nowhere());
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
