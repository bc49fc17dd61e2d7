import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../local/eventbridge/pattern.ts';

const EVENT = {
  source: 'aws.kms',
  account: '111111111111',
  detail: {
    eventName: 'DisableKey',
    count: 5,
    ok: true,
    none: null,
    list: ['a', 'b'],
    ip: '10.0.0.9',
    path: 'a/b.txt',
  },
  items: [
    { name: 'x', size: 1 },
    { name: 'y', size: 2 },
  ],
};

const matches = (pattern: object): boolean => compilePattern(JSON.stringify(pattern))(EVENT);

describe('an event pattern', () => {
  test.each([
    ['an exact value', { source: ['aws.kms'] }],
    ['any of several values', { detail: { eventName: ['EnableKey', 'DisableKey'] } }],
    ['a number, a boolean and null', { detail: { count: [5], ok: [true], none: [null] } }],
    ['an element of a list', { detail: { list: ['b', 'z'] } }],
    ['a prefix', { detail: { eventName: [{ prefix: 'Dis' }] } }],
    ['a prefix without case', { detail: { eventName: [{ prefix: { 'equals-ignore-case': 'dIS' } }] } }],
    ['a suffix', { detail: { eventName: [{ suffix: 'Key' }] } }],
    ['a value without case', { detail: { eventName: [{ 'equals-ignore-case': 'disablekey' }] } }],
    ['a wildcard', { detail: { path: [{ wildcard: 'a/*.txt' }] } }],
    ['anything but a value', { detail: { eventName: [{ 'anything-but': ['EnableKey'] }] } }],
    ['anything but a prefix', { detail: { eventName: [{ 'anything-but': { prefix: 'En' } }] } }],
    ['a numeric range', { detail: { count: [{ numeric: ['>', 4, '<=', 5] }] } }],
    ['a field that exists', { detail: { ok: [{ exists: true }] } }],
    ['a field that does not', { detail: { missing: { deep: [{ exists: false }] } } }],
    ['an address range', { detail: { ip: [{ cidr: '10.0.0.0/24' }] } }],
    ['one element of a list of objects', { items: { name: ['x'], size: [1] } }],
    ['one of several patterns', { $or: [{ source: ['nobody'] }, { account: ['111111111111'] }] }],
  ])('matches %s', (_what, pattern) => {
    expect(matches(pattern)).toBe(true);
  });

  test.each([
    ['another value', { source: ['aws.s3'] }],
    ['one field of two', { source: ['aws.kms'], account: ['222222222222'] }],
    ['a number given as text', { detail: { count: ['5'] } }],
    ['members of different elements', { items: { name: ['x'], size: [2] } }],
    ['an excluded prefix', { detail: { eventName: [{ 'anything-but': { prefix: ['Dis', 'En'] } }] } }],
    ['anything but, where the field is absent', { detail: { missing: [{ 'anything-but': ['x'] }] } }],
    ['a number at an open bound', { detail: { count: [{ numeric: ['<', 5] }] } }],
    ['a wildcard that covers only a part', { detail: { path: [{ wildcard: '*.tx' }] } }],
    ['a dot as any character', { detail: { path: [{ wildcard: 'a/b?txt' }] } }],
    ['an object as a value', { detail: [{ exists: true }] }],
    ['none of several patterns', { $or: [{ source: ['nobody'] }, { account: ['2'] }] }],
  ])('does not match %s', (_what, pattern) => {
    expect(matches(pattern)).toBe(false);
  });

  test.each([
    ['a value outside a list', '{"source":"aws.kms"}'],
    ['an empty list', '{"source":[]}'],
    ['an empty pattern', '{}'],
    ['an unknown operator', '{"source":[{"sounds-like":"x"}]}'],
    ['half a comparison', '{"detail":{"count":[{"numeric":[">"]}]}}'],
    ['a broken address range', '{"detail":{"ip":[{"cidr":"10.0.0/999"}]}}'],
    ['no JSON', 'source=aws.kms'],
  ])('is refused with %s', (_what, pattern) => {
    expect(() => compilePattern(pattern)).toThrow(
      expect.objectContaining({ code: 'InvalidEventPatternException' }),
    );
  });
});
