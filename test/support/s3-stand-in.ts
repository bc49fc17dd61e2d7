/** An HTTP server that answers as a test says, and a client of ours to it: for answers that no S3 gives on demand. */
import { S3Client } from '@aws-sdk/client-s3';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { readAsSent } from '../../shared/aws/s3-answers.ts';

export interface S3StandIn extends AsyncDisposable {
  readonly s3: S3Client;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export async function s3Answering(answer: Answer): Promise<S3StandIn> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const s3 = clientOf(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  return {
    s3,
    async [Symbol.asyncDispose]() {
      s3.destroy();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A client as the functions have it. */
export function clientOf(endpoint: string, accessKeyId = '000000000000'): S3Client {
  const credentials = { accessKeyId, secretAccessKey: 'local' };
  return readAsSent(
    new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 }),
  );
}

/** Writes zeros for as long as somebody takes them, and counts. */
export class Flood {
  bytes = 0;
  readonly #piece = new Uint8Array(65_536);

  async into(response: ServerResponse, maxBytes: number): Promise<void> {
    const closed = once(response, 'close');
    while (this.bytes < maxBytes && !response.destroyed) {
      this.bytes += this.#piece.length;
      if (!response.write(this.#piece)) await Promise.race([once(response, 'drain'), closed]);
      await setImmediate();
    }
    response.end();
  }
}
