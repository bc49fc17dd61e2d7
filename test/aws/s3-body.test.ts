import { expect, test } from 'vitest';
import { byteStream } from '../../shared/aws/s3-body.ts';

test('an answer without a body is an outage of storage', () => {
  expect(() => byteStream(undefined)).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_UNAVAILABLE' }));
});
