/** S3's refusals to read a version, told apart by their names. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { s3Sources } from '../../shared/aws/s3-sources.ts';
import { codeOf } from '../support/content.ts';
import { s3Answering } from '../support/s3-stand-in.ts';
import { NEVER } from '../support/world.ts';

const SOURCE = { bucket: 'ingest', key: 'acme/k', versionId: 'v1', sequencer: '0A', uploadedAt: '' };
const VERSION = { source: SOURCE, sizeBytes: 1 };

const REFUSALS = [
  ['InvalidObjectState', 403, 'ERR_SOURCE_UNREADABLE'],
  ['InvalidRequest', 400, 'ERR_SOURCE_UNREADABLE'],
  ['KMS.NotFoundException', 400, 'ERR_SOURCE_UNREADABLE'],
  ['KeyTooLongError', 400, 'ERR_SOURCE_UNREADABLE'],
  ['InvalidArgument', 400, 'ERR_SOURCE_UNREADABLE'],
  ['NoSuchKey', 404, 'ERR_SOURCE_CHANGED'],
  ['NoSuchVersion', 404, 'ERR_SOURCE_CHANGED'],
  ['MethodNotAllowed', 405, 'ERR_SOURCE_CHANGED'],
  ['InvalidRange', 416, 'ERR_SOURCE_CHANGED'],
  ['NoSuchBucket', 404, 'ERR_STORAGE_MISCONFIGURED'],
  ['AccessDenied', 403, 'ERR_STORAGE_MISCONFIGURED'],
  ['KMS.DisabledException', 400, 'ERR_STORAGE_MISCONFIGURED'],
  ['InvalidAccessKeyId', 403, 'ERR_STORAGE_MISCONFIGURED'],
  ['SlowDown', 503, 'ERR_STORAGE_UNAVAILABLE'],
  ['InternalError', 500, 'ERR_STORAGE_UNAVAILABLE'],
  ['RequestTimeout', 400, 'ERR_STORAGE_UNAVAILABLE'],
  ['ExpiredToken', 400, 'ERR_STORAGE_UNAVAILABLE'],
] as const;

/** An answer to HEAD has no body that could name the refusal. */
function refusing(name: string, status: number) {
  return ({ method }: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(method === 'HEAD' ? undefined : `<Error><Code>${name}</Code></Error>`);
  };
}

describe.each(REFUSALS)('%s (%i)', (name, status, code) => {
  test(`of a GET is ${code}`, async () => {
    await using standIn = await s3Answering(refusing(name, status));
    const read = s3Sources(standIn.s3).readWhole(VERSION, NEVER);
    expect(await read.then(() => 'read', codeOf)).toBe(code);
  });

  test(`of a HEAD, which does not say its name, is ${code}`, async () => {
    await using standIn = await s3Answering(refusing(name, status));
    expect(
      await s3Sources(standIn.s3)
        .describe(SOURCE)
        .then(() => 'described', codeOf),
    ).toBe(code);
  });
});

test('a HEAD refused where a GET is answered is no verdict on the version', async () => {
  await using standIn = await s3Answering(({ method }, response) => {
    response.writeHead(method === 'HEAD' ? 400 : 200);
    response.end(method === 'HEAD' ? undefined : 'x');
  });
  expect(
    await s3Sources(standIn.s3)
      .describe(SOURCE)
      .then(() => 'described', codeOf),
  ).toBe('ERR_STORAGE_UNAVAILABLE');
});

test('user metadata that S3 keeps but does not answer is not lost in silence', async () => {
  await using standIn = await s3Answering((_request, response) => {
    response.writeHead(200, { 'x-amz-missing-meta': '2', 'content-length': 0 });
    response.end();
  });
  await expect(s3Sources(standIn.s3).describe(SOURCE)).rejects.toMatchObject({
    code: 'ERR_SOURCE_UNREADABLE',
    message: expect.stringContaining('user metadata'),
  });
});

test('the message names the version, the permission, the cause and what to do', async () => {
  await using standIn = await s3Answering(refusing('InvalidObjectState', 403));
  await expect(s3Sources(standIn.s3).readWhole(VERSION, NEVER)).rejects.toThrow(
    /s3:\/\/ingest\/acme\/k, version v1: s3:GetObjectVersion answered InvalidObjectState; it is archived.*remove `unreadable` from its plan/u,
  );
});
