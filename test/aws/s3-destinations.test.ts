import { describe, expect, test } from 'vitest';
import { partBytes } from '../../shared/aws/s3-destinations.ts';

const MIB = 1_048_576;
const MAX_PART_BYTES = 5 * 2 ** 30;

describe('a part of a restored object', () => {
  test.each([
    [0, 8 * MIB],
    [1, 8 * MIB],
    [80_000 * MIB, 8 * MIB],
    [80_000 * MIB + 1, 8 * MIB + 1],
    [2 ** 40, 109_951_163],
  ])('of %i bytes has %i', (sizeBytes, expected) => {
    expect(partBytes(sizeBytes)).toBe(expected);
  });

  test('fits S3’s 10,000 parts of at most 5 GiB, up to S3’s largest object', () => {
    const largest = 10_000 * MAX_PART_BYTES;
    for (const sizeBytes of [1, 8 * MIB, 80_000 * MIB + 1, 2 ** 45 + 1, largest - 1, largest]) {
      expect(Math.ceil(sizeBytes / partBytes(sizeBytes))).toBeLessThanOrEqual(10_000);
      expect(partBytes(sizeBytes)).toBeLessThanOrEqual(MAX_PART_BYTES);
    }
  });
});
