import { describe, expect, test } from 'vitest';
import { chunkContext, manifestContext, requireContext } from '../../shared/object/context.ts';
import { CONTEXT, NAME } from '../support/messages.ts';

describe('the encryption context', () => {
  test('of a chunk holds exactly its five pairs', () => {
    expect(chunkContext(NAME, 1)).toEqual({
      'tenant-id': 'acme',
      'object-id': NAME.objectId,
      'chunk-index': '1',
      'chunk-count': '3',
      format: 'sealstream/1',
    });
  });

  test('of a manifest holds exactly its four pairs', () => {
    expect(manifestContext(NAME.tenantId, NAME.objectId)).toEqual({
      'tenant-id': 'acme',
      'object-id': NAME.objectId,
      purpose: 'manifest',
      format: 'sealstream/1',
    });
  });

  test('is compared whatever the order of its pairs', () => {
    const reversed = Object.fromEntries(Object.entries(CONTEXT).toReversed());
    expect(() => requireContext(reversed, CONTEXT)).not.toThrow();
  });

  test.each(Object.keys(CONTEXT))(
    'is refused when %s is absent, empty, edited or in another case',
    (name) => {
      const { [name]: value = '', ...others } = CONTEXT;
      const renamed = { ...others, [name.toUpperCase()]: value };
      for (const actual of [
        others,
        renamed,
        { ...CONTEXT, [name]: '' },
        { ...CONTEXT, [name]: `${value}0` },
      ]) {
        expect(() => requireContext(actual, CONTEXT)).toThrow(
          expect.objectContaining({ code: 'ERR_CONTEXT_MISMATCH' }),
        );
      }
    },
  );

  test.each(['toString', 'constructor', 'aws-crypto-public-key', ''])(
    'is refused with an additional pair %j',
    (name) => {
      const mismatch = expect.objectContaining({ code: 'ERR_CONTEXT_MISMATCH' });
      expect(() => requireContext({ ...CONTEXT, [name]: 'x' }, CONTEXT)).toThrow(mismatch);
    },
  );
});
