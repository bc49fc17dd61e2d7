import { NoSuchKey, S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { exceptionName, httpStatus, mapStorageFailure } from '../../shared/aws/storage-failure.ts';
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
    await expect(mapStorageFailure('s3:GetObject', async () => await failing(cause))).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
      disposition: 'retry',
      message: `s3:GetObject answered ${name}`,
      cause,
    });
    expect(exceptionName(cause)).toBe(name);
  });

  test.each([
    ['s3:GetObject', 'NoSuchBucket', 'the bucket', 'does not exist'],
    ['s3:GetObject', 'AccessDenied', 'the bucket', 'allow the function’s role s3:GetObject'],
    ['s3:PutObject', 'InvalidAccessKeyId', 'the bucket', 'credentials'],
    ['s3:PutObject', 'SignatureDoesNotMatch', 'the bucket', 'credentials'],
    ['s3:PutObject', 'KMS.DisabledException', 'the bucket', 'KMS key'],
    ['sqs:SendMessage', 'QueueDoesNotExist', 'the queue', 'does not exist'],
    ['sqs:SendMessage', 'AWS.SimpleQueueService.NonExistentQueue', 'the queue', 'does not exist'],
    ['sqs:SendMessage', 'AccessDeniedException', 'the queue', 'allow the function’s role sqs:SendMessage'],
    ['sqs:SendMessage', 'KmsAccessDenied', 'the queue', 'KMS key'],
    ['dynamodb:PutItem', 'ResourceNotFoundException', 'the table', 'does not exist'],
    ['dynamodb:PutItem', 'AccessDeniedException', 'the table', 'allow the function’s role dynamodb:PutItem'],
    ['dynamodb:PutItem', 'UnrecognizedClientException', 'the table', 'credentials'],
  ])(
    'by %s as %s is a mistake of configuration that says what to do',
    async (operation, name, resource, advice) => {
      const cause = Object.assign(new Error('quotes what it was given'), { name });
      const failed = mapStorageFailure(operation, async () => await failing(cause));
      await expect(failed).rejects.toMatchObject({
        code: 'ERR_STORAGE_MISCONFIGURED',
        disposition: 'retry',
        cause,
      });
      await expect(failed).rejects.toThrow(`${operation} on ${resource} answered ${name}; `);
      await expect(failed).rejects.toThrow(advice.replace('’', "'"));
      await expect(failed).rejects.not.toThrow('quotes');
    },
  );

  test('names the resource where the caller knows it', async () => {
    const cause = Object.assign(new Error('x'), { name: 'NoSuchBucket' });
    const failed = mapStorageFailure('s3:GetObject', async () => await failing(cause), 'sealstream-vault');
    await expect(failed).rejects.toThrow('s3:GetObject on sealstream-vault answered NoSuchBucket');
  });

  test.each([
    'SlowDown',
    'ThrottlingException',
    'RequestThrottled',
    'ExpiredToken',
    'TimeoutError',
    'InternalError',
  ])('as %s passes, and is an outage', async (name) => {
    const cause = Object.assign(new Error('x'), { name });
    await expect(mapStorageFailure('s3:GetObject', async () => await failing(cause))).rejects.toMatchObject({
      code: 'ERR_STORAGE_UNAVAILABLE',
    });
  });

  test('that is ours already stays what it is', async () => {
    const ours = new SourceChangedError('gone');
    await expect(mapStorageFailure('s3:GetObject', async () => await failing(ours))).rejects.toBe(ours);
  });

  test('is nothing when the call is answered', async () => {
    expect(await mapStorageFailure('s3:GetObject', async () => await Promise.resolve(5))).toBe(5);
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
