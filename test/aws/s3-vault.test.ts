/** The objects that somebody who may write to the vault can put there for us to read. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { s3Vault } from '../../shared/aws/s3-vault.ts';
import { decodeManifest } from '../../shared/manifest/manifest.ts';
import { MAX_ENTRY_BYTES } from '../../shared/ports/vault.ts';
import { codeOf } from '../support/content.ts';
import { ACCOUNT, newBucket, startS3 } from '../local/s3/s3-server.ts';
import { clientOf, Flood, s3Answering } from '../support/s3-stand-in.ts';
import { NEVER } from '../support/world.ts';

const PLANTED_BYTES = 400 * 1_048_576;
/** The bytes that the sockets of both sides hold before anybody reads. */
const SOCKET_BYTES = 8 * 1_048_576;
const MAX_BYTES = 100_000;

/** An object of that many bytes: its length said, or not. */
function planted(flood: Flood, isLengthSaid: boolean) {
  return (_request: unknown, response: ServerResponse): void => {
    const length = isLengthSaid ? { 'content-length': PLANTED_BYTES } : {};
    response.writeHead(200, { etag: '"planted"', ...length });
    void flood.into(response, PLANTED_BYTES);
  };
}

describe.each([
  ['whose length S3 says', true],
  ['whose length nobody says', false],
])('400 MiB %s', (_what, isLengthSaid) => {
  test('in the place of a manifest are not read, and are no manifest', async () => {
    const flood = new Flood();
    await using standIn = await s3Answering(planted(flood, isLengthSaid));
    const stored = await s3Vault(standIn.s3, 'vault').getEntry('acme/objects/planted');
    expect(stored).toEqual({ body: new Uint8Array(), etag: '"planted"' });
    expect(() => decodeManifest(stored?.body ?? Buffer.from('{}'))).toThrow(
      expect.objectContaining({ code: 'ERR_MANIFEST_INVALID' }),
    );
    expect(flood.bytes).toBeLessThan(SOCKET_BYTES);
  });

  test('in the place of a range of a chunk are refused, not read', async () => {
    const flood = new Flood();
    await using standIn = await s3Answering(planted(flood, isLengthSaid));
    const read = async (): Promise<number> => {
      let bytes = 0;
      const range = { start: 100, end: 200 };
      const part = await s3Vault(standIn.s3, 'vault').getChunkRange('acme/chunks/planted', range, NEVER);
      for await (const piece of part ?? []) bytes += piece.length;
      return bytes;
    };
    expect(await read().catch(codeOf)).toBe('ERR_AUTHENTICATION_FAILED');
    expect(flood.bytes).toBeLessThan(SOCKET_BYTES);
  });

  test('in the place of a chunk are refused, not read', async () => {
    const flood = new Flood();
    await using standIn = await s3Answering(planted(flood, isLengthSaid));
    const read = async (): Promise<number> => {
      let bytes = 0;
      const chunk = await s3Vault(standIn.s3, 'vault').getChunk('acme/chunks/planted', MAX_BYTES, NEVER);
      for await (const piece of chunk ?? []) bytes += piece.length;
      return bytes;
    };
    expect(await read().catch(codeOf)).toBe('ERR_AUTHENTICATION_FAILED');
    expect(flood.bytes).toBeLessThan(SOCKET_BYTES);
  });
});

test.each([
  ['an entry of the largest size', MAX_ENTRY_BYTES, MAX_ENTRY_BYTES],
  ['an entry one byte larger', MAX_ENTRY_BYTES + 1, 0],
])('of %s, %i bytes, %i are read', async (_what, storedBytes, readBytes) => {
  await using standIn = await s3Answering((_request, response) => response.end(Buffer.alloc(storedBytes)));
  const stored = await s3Vault(standIn.s3, 'vault').getEntry('acme/objects/large');
  expect(stored?.body).toHaveLength(readBytes);
});

test('a manifest that a bad Expires header was planted on is read all the same', async () => {
  await using standIn = await s3Answering((_request, response) => {
    response.writeHead(200, { expires: '', etag: '"e"' });
    response.end('{}');
  });
  const stored = await s3Vault(standIn.s3, 'vault').getEntry('acme/objects/expires');
  expect(stored).toEqual({ body: Buffer.from('{}'), etag: '"e"' });
});

test('a listing or an error that never ends is given up', async () => {
  const flood = new Flood();
  await using standIn = await s3Answering((request, response) => {
    response.writeHead(request.url?.includes('list-type') === true ? 200 : 500);
    void flood.into(response, PLANTED_BYTES);
  });
  const vault = s3Vault(standIn.s3, 'vault');
  const listed = async (): Promise<void> => {
    for await (const _chunk of vault.listChunks('acme/chunks/')) return;
  };
  expect(await listed().catch(codeOf)).toBe('ERR_STORAGE_UNAVAILABLE');
  expect(await vault.getEntry('acme/objects/error').catch(codeOf)).toBe('ERR_STORAGE_UNAVAILABLE');
  expect(flood.bytes).toBeLessThan(PLANTED_BYTES / 4);
});

test('a key planted among the chunks that XML cannot hold keeps none of them from being listed', async () => {
  await using server = await startS3();
  const Bucket = await newBucket(server.client());
  const keys = ['acme/chunks/id/0000000000', 'acme/chunks/id/0000000001 +\u0001'];
  for (const Key of keys) await server.client().putObject({ Bucket, Key, Body: 'x' });
  const s3 = clientOf(server.endpoint, ACCOUNT);
  const listed = await Array.fromAsync(s3Vault(s3, Bucket).listChunks('acme/chunks/id/'));
  expect(listed).toMatchObject(keys.map((key) => ({ key, bytes: 1 })));
  s3.destroy();
});

/** Returns the error of each operation on a vault that answers so. */
async function refusals(status: number, exception: string): Promise<readonly unknown[]> {
  await using standIn = await s3Answering((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<Error><Code>${exception}</Code></Error>`);
  });
  const vault = s3Vault(standIn.s3, 'the-vault');
  const body = Buffer.from('{}');
  const outcomes = await Promise.allSettled([
    vault.getEntry('k'),
    vault.getChunk('k', MAX_BYTES, NEVER),
    vault.getChunkRange('k', { start: 0, end: 1 }, NEVER),
    Array.fromAsync(vault.listChunks('k')),
    vault.putEntry('k', { body: body }, undefined),
    vault.putEntry('k', { body: body }, { body, etag: '"e"' }),
    vault.putChunk({ key: 'k', message: body }, NEVER),
    vault.putChunk({ key: 'k', message: body, replacedEtag: '"e"' }, NEVER),
  ]);
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
}

test.each([
  [404, 'NoSuchBucket'],
  [403, 'AccessDenied'],
])('%i %s is a mistake of configuration, told with permission and bucket', async (status, exception) => {
  const [get, list] = ['s3:GetObject', 's3:ListBucket'];
  const [put, over] = ['s3:PutObject', 's3:PutObject with s3:GetObject'];
  const told = [get, get, get, list, put, over, put, over].map((permission) =>
    expect.objectContaining({
      code: 'ERR_STORAGE_MISCONFIGURED',
      message: expect.stringContaining(`${permission} on the-vault answered ${exception}`),
    }),
  );
  expect(await refusals(status, exception)).toEqual(told);
});

test('a chunk is not hashed for the signature, and goes with its CRC-32', async () => {
  const headers: unknown[] = [];
  await using standIn = await s3Answering((request, response) => {
    headers.push(request.headers);
    response.setHeader('etag', '"e"').end();
  });
  await s3Vault(standIn.s3, 'vault').putChunk({ key: 'k', message: Buffer.from('123456789') }, NEVER);
  expect(headers).toMatchObject([
    { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-checksum-crc32': 'y/Q5Jg==' },
  ]);
});
