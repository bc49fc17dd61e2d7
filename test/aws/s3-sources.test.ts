/** A read of a version: the requests that it takes, and bodies that fail. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { s3Sources } from '../../shared/aws/s3-sources.ts';
import { codeOf } from '../support/content.ts';
import { Flood, s3Answering } from '../support/s3-stand-in.ts';
import { NEVER } from '../support/world.ts';

const SOURCE = { bucket: 'ingest', key: 'acme/k', versionId: 'v1', sequencer: '0A', uploadedAt: '' };
const BODY = randomBytes(200_000);
const WHOLE = { source: SOURCE, sizeBytes: BODY.length };
const TAGGING = '<Tagging><TagSet><Tag><Key>class</Key><Value>secret</Value></Tag></TagSet></Tagging>';

/** Answers a GET of a version with these headers and this body, and of its tags with one tag. */
function answering(headers: Readonly<Record<string, string>>, asked: string[], body = BODY) {
  return ({ method, url = '' }: IncomingMessage, response: ServerResponse): void => {
    const isOfTags = url.includes('tagging');
    asked.push(`${method} ${isOfTags ? 'tags' : 'version'}`);
    response.writeHead(200, isOfTags ? {} : { 'content-length': BODY.length, ...headers });
    response.end(isOfTags ? TAGGING : body);
  };
}

function crcOf(body: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return checksum.toString('base64');
}

describe('a whole version', () => {
  test.each([
    ['without tags', {}, ['GET version'], {}],
    ['with tags', { 'x-amz-tagging-count': '1' }, ['GET version', 'GET tags'], { class: 'secret' }],
  ])('%s is asked for as often as it takes', async (_what, headers, requests, tags) => {
    const asked: string[] = [];
    await using standIn = await s3Answering(answering(headers, asked));
    const { content, description } = await s3Sources(standIn.s3).readWhole(WHOLE, NEVER);
    expect(Buffer.concat(await Array.fromAsync(content)).equals(BODY)).toBe(true);
    expect(description.attributes.tags).toEqual(tags);
    expect(asked).toEqual(requests);
  });

  test.each([
    ['its own', 'x-amz-checksum-crc32', crcOf(BODY), 'FULL_OBJECT'],
    ['of its parts', 'x-amz-checksum-crc32', 'AAAAAA==-3', 'COMPOSITE'],
    ['of a kind that the SDK does not know', 'x-amz-checksum-xxhash3', 'AAAA', 'FULL_OBJECT'],
  ])('with a checksum that is %s is read', async (_what, name, value, type) => {
    const headers = { [name]: value, 'x-amz-checksum-type': type };
    await using standIn = await s3Answering(answering(headers, []));
    const { content } = await s3Sources(standIn.s3).readWhole(WHOLE, NEVER);
    expect(Buffer.concat(await Array.fromAsync(content)).equals(BODY)).toBe(true);
  });

  test('whose body is not what its checksum says fails before its end', async () => {
    const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
    await using standIn = await s3Answering(answering(headers, []));
    const { content } = await s3Sources(standIn.s3).readWhole(WHOLE, NEVER);
    await expect(Array.fromAsync(content)).rejects.toThrow(/checksum/iu);
  });

  test('that has user metadata which S3 does not answer is refused, and its body given up', async () => {
    const closed = Promise.withResolvers<unknown>();
    await using standIn = await s3Answering((_request, response) => {
      response.writeHead(200, { 'content-length': BODY.length, 'x-amz-missing-meta': '1' });
      closed.resolve(once(response, 'close'));
      response.write(BODY.subarray(1));
    });
    const read = s3Sources(standIn.s3).readWhole(WHOLE, NEVER);
    expect(await read.catch(codeOf)).toBe('ERR_SOURCE_UNREADABLE');
    await closed.promise;
  });

  test('whose reader stops before it has begun is given up', async () => {
    const closed = Promise.withResolvers<unknown>();
    await using standIn = await s3Answering((_request, response) => {
      response.writeHead(200, { 'content-length': BODY.length });
      closed.resolve(once(response, 'close'));
      response.write(BODY.subarray(1));
    });
    const { content } = await s3Sources(standIn.s3).readWhole(WHOLE, NEVER);
    expect(await content[Symbol.asyncIterator]().return?.()).toMatchObject({ done: true });
    await closed.promise;
  });

  test('that is longer than it says is not read further', async () => {
    const flood = new Flood();
    await using standIn = await s3Answering((_request, response) => {
      response.writeHead(200, { 'x-amz-checksum-crc32': crcOf(BODY) });
      void flood.into(response, 64 * 1_048_576);
    });
    const read = s3Sources(standIn.s3).readWhole(WHOLE, NEVER);
    expect(await read.catch(codeOf)).toBe('ERR_SOURCE_CHANGED');
  });
});

describe('a body that fails before anybody reads it', () => {
  const CHECKED = { 'content-length': BODY.length, 'x-amz-checksum-crc32': crcOf(BODY) };

  test('because its connection breaks, is told to its reader, and to nobody else', async () => {
    const answered = Promise.withResolvers<ServerResponse>();
    await using standIn = await s3Answering((_request, response) => {
      response.writeHead(200, CHECKED);
      response.write(BODY.subarray(1));
      answered.resolve(response);
    });
    const { content } = await s3Sources(standIn.s3).readWhole(WHOLE, NEVER);
    const response = await answered.promise;
    const closed = once(response, 'close');
    response.destroy();
    await closed;
    await turns();
    await expect(Array.fromAsync(content)).rejects.toThrow('aborted');
  });

  test('because the signal aborts, is told to its reader, and to nobody else', async () => {
    await using standIn = await s3Answering((_request, response) => {
      response.writeHead(200, CHECKED);
      response.write(BODY.subarray(1));
    });
    const controller = new AbortController();
    const { content } = await s3Sources(standIn.s3).readWhole(WHOLE, controller.signal);
    controller.abort(new Error('the epoch changed'));
    await turns();
    await expect(Array.fromAsync(content)).rejects.toThrow('aborted');
  });
});

/** Lets the event loop hear of what happened to its sockets. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await setImmediate();
}
