import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { gather } from '../../../shared/envelope/message/gather.ts';
import { inPieces } from '../../support/content.ts';

async function collect(pieces: Iterable<Uint8Array>, bytes: number): Promise<Uint8Array[]> {
  const buffers: Uint8Array[] = [];
  for await (const buffer of gather(pieces, bytes)) buffers.push(buffer);
  return buffers;
}

describe('gather', () => {
  test.each([
    [0, 3, []],
    [1, 3, [1]],
    [9, 3, [9]],
    [10, 3, [10]],
    [11, 3, [10, 1]],
    [20, 7, [10, 10]],
    [25, 100, [10, 10, 5]],
  ])('%i bytes in pieces of %i', async (bytes, pieceBytes, lengths) => {
    const content = randomBytes(bytes);
    const buffers = await collect(inPieces(content, pieceBytes), 10);
    expect(buffers.map(({ length }) => length)).toEqual(lengths);
    expect(Buffer.concat(buffers).equals(content)).toBe(true);
  });

  test('empty pieces yield nothing', async () => {
    const empty = new Uint8Array();
    expect(await collect([empty, Buffer.from('ab'), empty, Buffer.from('c')], 2)).toEqual([
      Buffer.from('ab'),
      Buffer.from('c'),
    ]);
    expect(await collect([empty, empty], 2)).toEqual([]);
  });

  test('when it is stopped early, it closes its source', async () => {
    let released = false;
    function* source(): Generator<Uint8Array> {
      try {
        for (;;) yield randomBytes(4);
      } finally {
        released = true;
      }
    }
    for await (const buffer of gather(source(), 10)) {
      expect(buffer).toHaveLength(10);
      break;
    }
    expect(released).toBe(true);
  });
});
