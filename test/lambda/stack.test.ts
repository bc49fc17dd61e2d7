import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TenantKeyDeniedError } from '../../shared/errors.ts';
import { metrics } from '../../shared/lambda/observe.ts';
import { createHandler } from '../../shared/lambda/stack.ts';

const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'restore',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:999999999999:function:restore',
  memoryLimitInMB: '1769',
  awsRequestId: '6bc28136-xmpl-4365-b021-0ce6b2e64ab0',
  logGroupName: '/aws/lambda/restore',
  logStreamName: '2026/01/02/[$LATEST]abc',
  getRemainingTimeInMillis: () => 60_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};

// It warns of every invocation that counted nothing.
beforeEach(() => void vi.spyOn(metrics, 'publishStoredMetrics').mockReturnValue(metrics));
afterEach(() => void vi.restoreAllMocks());

async function failureOf(failure: unknown): Promise<unknown> {
  const handler = createHandler(async () => await Promise.reject(failure));
  return await handler({}, context).catch((error: unknown) => error);
}

describe('a function', () => {
  test('is given its event and a signal that has not fired', async () => {
    const handler = createHandler(
      async (event: string, signal) => await Promise.resolve(`${event} ${signal.aborted}`),
    );
    expect(await handler('hello', context)).toBe('hello false');
  });

  test('reports the code as the error’s type, and the message', async () => {
    const failure = await failureOf(new TenantKeyDeniedError('tenant acme: denied'));
    expect(failure).toMatchObject({ name: 'ERR_TENANT_KEY_DENIED', message: 'tenant acme: denied' });
  });

  test('lets no cause out', async () => {
    const failure = await failureOf(new TenantKeyDeniedError('x', { cause: new Error('what KMS said') }));
    expect(failure).not.toHaveProperty('cause');
    expect(failure).not.toHaveProperty('originalError');
  });

  test('reports nothing of a failure nobody foresaw but that it is internal', async () => {
    expect(await failureOf(new TypeError('x'))).toMatchObject({ name: 'InternalError' });
    expect(await failureOf('x')).toMatchObject({ name: 'InternalError' });
  });
});
