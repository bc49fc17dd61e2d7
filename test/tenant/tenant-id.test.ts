import { describe, expect, test } from 'vitest';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';

describe('a tenant id', () => {
  test.each(['a', '7', 'acme', 'a-b', 'a--b', '0-0', 'a'.repeat(63)])('may be %s', (id) => {
    expect(tenantIdSchema.parse(id)).toBe(id);
  });

  test.each([
    '',
    '-',
    '-a',
    'a-',
    'A',
    'a_b',
    'a.b',
    'a/b',
    '..',
    'a b',
    'ü',
    'a\n',
    '\na',
    'a\u0000',
    'a'.repeat(64),
    'ａ',
    5,
    null,
    ['a'],
  ])('is not %j', (id) => {
    expect(tenantIdSchema.safeParse(id).success).toBe(false);
  });
});
