import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkRange, geometryOf, rangeBytes } from '../../shared/object/geometry.ts';

const MAX_BYTES = 2 ** 50;

/** A size and a chunk size, often within a byte of a whole number of chunks. */
const divisions = fc
  .record({
    chunkBytes: fc.integer({ min: 1, max: 2 ** 30 }),
    chunks: fc.nat({ max: 800_000 }),
    near: fc.integer({ min: -1, max: 1 }),
    any: fc.maxSafeNat(),
    close: fc.boolean(),
  })
  .map(({ chunkBytes, chunks, near, any, close }) => ({
    chunkBytes,
    sizeBytes: close ? Math.max(0, chunks * chunkBytes + near) : any % MAX_BYTES,
  }));

describe('whatever the size of an object and of its chunks', () => {
  test('there are exactly as many chunks as the bytes fill, and one for an empty object', () => {
    fc.assert(
      fc.property(divisions, ({ sizeBytes, chunkBytes }) => {
        const { chunkCount } = geometryOf(sizeBytes, chunkBytes);
        const whole = (BigInt(sizeBytes) + BigInt(chunkBytes) - 1n) / BigInt(chunkBytes);
        expect(BigInt(chunkCount)).toBe(whole > 1n ? whole : 1n);
      }),
      { numRuns: 2_000 },
    );
  });

  test('the ranges meet, none is empty or too long, and they end at the size', () => {
    fc.assert(
      fc.property(
        divisions,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ sizeBytes, chunkBytes }, where) => {
          const geometry = geometryOf(sizeBytes, chunkBytes);
          const last = geometry.chunkCount - 1;
          const index = Math.floor(where * last);
          const range = chunkRange(geometry, index);
          expect(chunkRange(geometry, 0).start).toBe(0);
          expect(chunkRange(geometry, last).end).toBe(sizeBytes);
          expect(rangeBytes(range)).toBe(index < last ? chunkBytes : sizeBytes - last * chunkBytes);
          expect(rangeBytes(range) > 0 || sizeBytes === 0).toBe(true);
          expect(index === last || chunkRange(geometry, index + 1).start === range.end).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('all ranges of a small object together make up the object', () => {
    const small = fc.record({ sizeBytes: fc.nat({ max: 500 }), chunkBytes: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(small, ({ sizeBytes, chunkBytes }) => {
        const object = Array.from({ length: sizeBytes }, (_, byte) => byte);
        const geometry = geometryOf(sizeBytes, chunkBytes);
        const pieces = Array.from({ length: geometry.chunkCount }, (_, index) => {
          const { start, end } = chunkRange(geometry, index);
          return object.slice(start, end);
        });
        expect(pieces.flat()).toEqual(object);
      }),
      { numRuns: 300 },
    );
  });
});
