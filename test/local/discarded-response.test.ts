import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { discardedResponse } from '../../local/front/discarded-response.ts';

test('takes a body larger than a socket’s buffer to its end', async () => {
  const response = discardedResponse(new IncomingMessage(new Socket()));
  const pieces = Array.from({ length: 64 }, () => Buffer.alloc(65_536));
  await pipeline(Readable.from(pieces), response);
  expect(response.writableFinished).toBe(true);
});
