import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Content } from '../../../shared/envelope/message/content.ts';

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < 512; piece += 1) {
    yield await Promise.resolve(Buffer.alloc(65_536));
  }
}

test('content that was taken is freed, though its signal lives on', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const before = process.memoryUsage().arrayBuffers;
  using content = new Content({ content: pieces(), signal: new AbortController().signal });
  let most = 0;
  while ((await content.take(65_536)).length > 0) {
    if (content.arrivedBytes % (64 * 65_536) !== 0) continue;
    await new Promise(setImmediate);
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(content.arrivedBytes).toBe(512 * 65_536);
  expect(most).toBeLessThan(16 * 1_048_576);
});
