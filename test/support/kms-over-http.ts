/** A KMS stand-in that speaks the protocol of KMS, for a program that uses the real client. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { readJsonRequest, sendJson } from '../../local/front/json-protocol.ts';
import type { KmsStandIn } from './kms-stand-in.ts';

export interface KmsOverHttp extends AsyncDisposable {
  readonly endpoint: string;
}

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));

const requestSchema = z.object({
  KeyId: z.string(),
  NumberOfBytes: z.int().optional(),
  CiphertextBlob: bytes.default(Buffer.alloc(0)),
  EncryptionContext: z.record(z.string(), z.string()).default({}),
});

export async function kmsOverHttp(kms: KmsStandIn): Promise<KmsOverHttp> {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { operation, input } = await readJsonRequest('kms', request);
    const asked = requestSchema.parse(input);
    const answer =
      operation === 'GenerateDataKey' ? await kms.generateDataKey(asked) : await kms.decrypt(asked);
    const { KeyId, Plaintext, CiphertextBlob } = answer;
    sendJson('kms', response, {
      KeyId,
      Plaintext: base64(Plaintext),
      CiphertextBlob: base64(CiphertextBlob),
    });
  }
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function base64(content: Uint8Array | undefined): string | undefined {
  return content === undefined ? undefined : Buffer.from(content).toString('base64');
}
