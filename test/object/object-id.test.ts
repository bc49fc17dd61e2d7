import { describe, expect, test } from 'vitest';
import { objectIdOf, objectIdSchema } from '../../shared/object/object-id.ts';

describe('an object id', () => {
  // The ids were made with: printf '["ingest","acme/report.pdf","v1"]' | sha256sum
  test.each([
    ['ingest', 'acme/report.pdf', 'v1', 'c40c60e327276abd2d92f3f04b19c1d6c315ab845a0687d9dcd2bb0f96c6a516'],
    ['ingest', 'acme/ü +😀.txt', 'null', '8fff2caaedd905979200fb175ec7b202f88580d9321b89bb8c7c28f8a8422b0e'],
  ])('of %s, %s, %s stays what it is', (bucket, key, versionId, expected) => {
    expect(objectIdOf(bucket, key, versionId)).toBe(expected);
  });

  test('keeps bucket, key and version apart', () => {
    const triples: [string, string, string][] = [
      ['a', 'b', 'c'],
      ['ab', '', 'c'],
      ['a', 'bc', ''],
      ['a","b', '', 'c'],
      ['a', 'b","c', ''],
      ['a', 'b"', 'c'],
      ['a', 'b\\"', 'c'],
      ['a', 'B', 'c'],
      ['a', 'e\u0301', 'c'],
      ['a', '\u00e9', 'c'],
    ];
    expect(new Set(triples.map((triple) => objectIdOf(...triple))).size).toBe(triples.length);
  });

  test.each([
    '',
    'abc',
    'A'.repeat(64),
    'g'.repeat(64),
    'a'.repeat(65),
    `${'a'.repeat(64)}\n`,
    `../${'a'.repeat(61)}`,
  ])('is not %j', (value) => {
    expect(objectIdSchema.safeParse(value).success).toBe(false);
  });
});
