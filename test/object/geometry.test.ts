import { describe, expect, test } from 'vitest';
import { chunkRange, geometryOf, rangeBytes } from '../../shared/object/geometry.ts';

const CHUNK_BYTES = 67_108_864;

describe('an object is divided', () => {
  test.each([
    [0, 1, 0],
    [1, 1, 1],
    [CHUNK_BYTES - 1, 1, CHUNK_BYTES - 1],
    [CHUNK_BYTES, 1, CHUNK_BYTES],
    [CHUNK_BYTES + 1, 2, 1],
    [2 * CHUNK_BYTES - 1, 2, CHUNK_BYTES - 1],
    [2 * CHUNK_BYTES, 2, CHUNK_BYTES],
    [2 * CHUNK_BYTES + 1, 3, 1],
    // These are 48.8 TiB in whole chunks, and S3's largest object: 10,000 parts of 5 GiB.
    [799_539 * CHUNK_BYTES, 799_539, CHUNK_BYTES],
    [10_000 * 5 * 2 ** 30, 800_000, CHUNK_BYTES],
  ])('%i bytes into %i chunks, the last of %i', (sizeBytes, chunkCount, lastBytes) => {
    const geometry = geometryOf(sizeBytes, CHUNK_BYTES);
    expect(geometry).toEqual({ sizeBytes, chunkBytes: CHUNK_BYTES, chunkCount });
    expect(rangeBytes(chunkRange(geometry, chunkCount - 1))).toBe(lastBytes);
    expect(chunkRange(geometry, chunkCount - 1).end).toBe(sizeBytes);
  });

  test('every chunk but the last is whole', () => {
    const geometry = geometryOf(2 * CHUNK_BYTES + 1, CHUNK_BYTES);
    expect(chunkRange(geometry, 0)).toEqual({ start: 0, end: CHUNK_BYTES });
    expect(chunkRange(geometry, 1)).toEqual({ start: CHUNK_BYTES, end: 2 * CHUNK_BYTES });
    expect(chunkRange(geometry, 2)).toEqual({ start: 2 * CHUNK_BYTES, end: 2 * CHUNK_BYTES + 1 });
  });
});
