import { describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { chunkKey, chunkPrefix, entryKey } from '../../shared/object/vault-key.ts';
import { ACME } from '../support/tenants.ts';

const { tenantId } = ACME;
const objectId = objectIdOf('ingest', 'acme/report.pdf', 'v1');

describe('a chunk rests', () => {
  test.each([
    [0, '0000000000'],
    [1, '0000000001'],
    [799_538, '0000799538'],
    [9_999_999_999, '9999999999'],
  ])('as number %i under ten digits', (index, digits) => {
    expect(chunkKey(tenantId, objectId, index)).toBe(`acme/chunks/${objectId}/${digits}`);
    expect(chunkKey(tenantId, objectId, index).startsWith(chunkPrefix(tenantId, objectId))).toBe(true);
  });

  test('so that the order of keys is the order of chunks', () => {
    const indexes = [0, 9, 10, 99, 100, 799_538];
    const keys = indexes.map((index) => chunkKey(tenantId, objectId, index));
    expect(keys.toSorted((one, other) => (one < other ? -1 : 1))).toEqual(keys);
  });
});

describe('a manifest rests', () => {
  const prefix = 'acme/objects/';

  test.each(['report.pdf', 'a b+ü.txt', '😀', '../x', '//', 'folder/', '.', ' '])(
    'under the name itself: %j',
    (key) => {
      expect(entryKey(tenantId, key)).toBe(prefix + key);
    },
  );

  test('under its name up to 1024 bytes, under a digest beyond', () => {
    const longest = 'k'.repeat(1_024 - prefix.length);
    expect(entryKey(tenantId, longest)).toBe(prefix + longest);
    expect(entryKey(tenantId, `${longest}k`)).toMatch(/^acme\/long-keys\/[0-9a-f]{64}$/u);
  });

  test('counted in bytes, not in letters', () => {
    const letters = 'ü'.repeat((1_024 - prefix.length) / 2);
    expect(entryKey(tenantId, letters)).toBe(prefix + letters);
    expect(entryKey(tenantId, `${letters}ü`)).toMatch(/^acme\/long-keys\//u);
  });

  test('under another name for every long key', () => {
    const names = ['a', 'b', 'c'].map((end) => entryKey(tenantId, 'k'.repeat(1_020) + end));
    expect(new Set(names).size).toBe(3);
  });
});
