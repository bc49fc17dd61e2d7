import { S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { s3Destinations } from '../../shared/aws/s3-destinations.ts';
import { TenantRevokedError } from '../../shared/errors.ts';

const MIB = 1_048_576;
const ATTRIBUTES = { contentType: 'text/plain', metadata: {}, tags: {} };

/** An S3 that answers from memory; `log` has the method and the query of every request it has answered. */
function answering(log: string[]): S3Client {
  const started = '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>';
  const requestHandler = {
    async handle({ method, query }: { readonly method: string; readonly query: object }) {
      await new Promise(setImmediate);
      log.push(`${method} ${Object.keys(query).toSorted().join()}`);
      const body = 'uploads' in query ? started : '';
      return { response: { statusCode: 200, headers: { etag: '"e"' }, body: Buffer.from(body) } };
    },
  };
  const credentials = { accessKeyId: '000000000000', secretAccessKey: 'local' };
  return new S3Client({ region: 'us-east-1', credentials, requestHandler: requestHandler as never });
}

test('a write that is aborted has aborted its upload before it throws, with the signal’s reason', async () => {
  const log: string[] = [];
  const controller = new AbortController();
  const reason = new TenantRevokedError('the button was pressed');
  async function* content(): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < 40; piece += 1) {
      if (piece === 20) controller.abort(reason);
      yield randomBytes(MIB);
    }
  }
  const write = s3Destinations(answering(log)).write(
    {
      destination: { bucket: 'restored', key: 'acme/big' },
      attributes: ATTRIBUTES,
      sizeBytes: 40 * MIB,
      content: content(),
    },
    controller.signal,
  );
  await expect(write).rejects.toBe(reason);
  expect(log.at(-1)).toMatch(/^DELETE /u);
  expect(log.filter((line) => line.startsWith('POST'))).toHaveLength(1);
});
