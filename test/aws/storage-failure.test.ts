import { NoSuchKey, S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { exceptionName, httpStatus, storing } from '../../shared/aws/storage-failure.ts';
import { SourceChangedError } from '../../shared/errors.ts';

const noSuchKey = new NoSuchKey({ message: 'gone', $metadata: { httpStatusCode: 404 } });

async function failing(failure: unknown): Promise<never> {
  return await Promise.reject(failure);
}

describe('what an SDK client throws', () => {
  test.each([
    ['an exception of the service', noSuchKey, 'NoSuchKey'],
    ['an error of the socket', new TypeError('reset'), 'TypeError'],
    ['no error at all', 'reset', 'unknown failure'],
  ])('%s is an outage of storage that names operation and exception', async (_what, cause, name) => {
    await expect(storing('s3:GetObject', async () => await failing(cause))).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
      disposition: 'retry',
      message: `s3:GetObject answered ${name}`,
      cause,
    });
    expect(exceptionName(cause)).toBe(name);
  });

  test('that is ours already stays what it is', async () => {
    const ours = new SourceChangedError('gone');
    await expect(storing('s3:GetObject', async () => await failing(ours))).rejects.toBe(ours);
  });

  test('is nothing when the call is answered', async () => {
    expect(await storing('s3:GetObject', async () => await Promise.resolve(5))).toBe(5);
  });
});

describe('the HTTP status', () => {
  test('is the answer’s', () => {
    expect(httpStatus(noSuchKey)).toBe(404);
  });

  test.each([
    ['without an answer', new S3ServiceException({ name: 'TimeoutError', $fault: 'client', $metadata: {} })],
    ['of an error that is none of the SDK’s', new Error('x')],
    ['of no error at all', { $metadata: { httpStatusCode: 404 } }],
    ['of nothing', undefined],
  ])('%s is undefined', (_what, cause) => {
    expect(httpStatus(cause)).toBeUndefined();
  });
});
