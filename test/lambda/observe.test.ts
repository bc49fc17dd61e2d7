import { describe, expect, test } from 'vitest';
import { StorageUnavailableError, TenantKeyDeniedError } from '../../shared/errors.ts';
import { loggablePartOf } from '../../shared/lambda/observe.ts';

const cause = Object.assign(new Error('Unexpected token in "plaintext of acme"'), { name: 'SyntaxError' });

describe('what is logged of a failure', () => {
  test('of ours is code, message and the name of its cause', () => {
    expect(loggablePartOf(new TenantKeyDeniedError('tenant acme: denied', { cause }))).toEqual({
      code: 'ERR_TENANT_KEY_DENIED',
      error: 'tenant acme: denied',
      cause: 'SyntaxError',
    });
    expect(loggablePartOf(new StorageUnavailableError('x'))).toEqual({
      code: 'ERR_STORAGE_UNAVAILABLE',
      error: 'x',
    });
  });

  test.each([
    ['of any other error is its name alone', cause, { error: 'SyntaxError' }],
    [
      'of an error in an error is the two names',
      new TypeError('x', { cause }),
      { error: 'TypeError', cause: 'SyntaxError' },
    ],
    ['that is no error is nothing of it', 'plaintext of acme', { error: 'unknown' }],
    ['that is undefined is nothing', undefined, { error: 'unknown' }],
  ])('%s', (_what, failure, expected) => {
    expect(loggablePartOf(failure)).toEqual(expected);
  });
});
