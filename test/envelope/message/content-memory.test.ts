import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Content } from '../../../shared/envelope/message/content.ts';

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < 512; piece += 1) {
    yield await Promise.resolve(Buffer.alloc(65_536));
  }
}

test('content that has flowed is freed, though its signal lives on', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const before = process.memoryUsage().arrayBuffers;
  const content = new Content(
    { content: pieces(), signal: new AbortController().signal },
    async () => await Promise.resolve(),
  );
  let most = 0;
  for await (const _ of content.flow()) {
    if (content.bytes % (64 * 65_536) !== 0) continue;
    await new Promise(setImmediate);
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(content.bytes).toBe(512 * 65_536);
  expect(most).toBeLessThan(16 * 1_048_576);
});
