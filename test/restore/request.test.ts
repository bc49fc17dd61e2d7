import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../shared/restore/request.ts';

const buckets = { restoreBucket: 'restored', vaultBucket: 'vault' };
const invalid = expect.objectContaining({ code: 'ERR_EVENT_INVALID', disposition: 'reject' });

describe('a restore request', () => {
  test.each([
    ['no destination', undefined, { bucket: 'restored', key: 'acme/folder/x' }],
    ['an empty destination', {}, { bucket: 'restored', key: 'acme/folder/x' }],
    ['a key of its own', { key: 'acme/y' }, { bucket: 'restored', key: 'acme/y' }],
    [
      'the restore bucket by name',
      { bucket: 'restored', key: 'acme/y' },
      { bucket: 'restored', key: 'acme/y' },
    ],
    ['a bucket of its own', { bucket: 'mine' }, { bucket: 'mine', key: 'acme/folder/x' }],
    ['a bucket and key of its own', { bucket: 'mine', key: 'y' }, { bucket: 'mine', key: 'y' }],
  ])('with %s', (_what, destination, expected) => {
    const request = parseRequest({ tenantId: 'acme', key: 'folder/x', destination }, buckets);
    expect(request).toEqual({ tenantId: 'acme', key: 'folder/x', destination: expected });
  });

  test.each(['../globex/x', '/x', 'a b+ü', '😀/'])('may be for %j: a key is a name, not a path', (key) => {
    const { destination } = parseRequest({ tenantId: 'acme', key }, buckets);
    expect(destination).toEqual({ bucket: 'restored', key: `acme/${key}` });
  });

  test.each([
    ['nothing', undefined],
    ['a text', 'acme/x'],
    ['no tenant', { key: 'x' }],
    ['what is no tenant id', { tenantId: 'acme/../globex', key: 'x' }],
    ['no key', { tenantId: 'acme' }],
    ['an empty key', { tenantId: 'acme', key: '' }],
    ['an empty bucket', { tenantId: 'acme', key: 'x', destination: { bucket: '' } }],
    ['an empty destination key', { tenantId: 'acme', key: 'x', destination: { key: '' } }],
    ['another member', { tenantId: 'acme', key: 'x', kekArn: 'arn' }],
    [
      'another member in the destination',
      { tenantId: 'acme', key: 'x', destination: { region: 'eu-west-1' } },
    ],
  ])('is refused with %s', (_what, event) => {
    expect(() => parseRequest(event, buckets)).toThrow(invalid);
  });

  test.each([
    { bucket: 'vault' },
    { bucket: 'vault', key: 'acme/objects/x' },
    { key: 'globex/x' },
    { key: 'x' },
    { key: 'acme' },
    { key: 'acme2/x' },
    { bucket: 'restored', key: 'globex/x' },
  ])('is refused with the destination %j', (destination) => {
    expect(() => parseRequest({ tenantId: 'acme', key: 'x', destination }, buckets)).toThrow(invalid);
  });
});
