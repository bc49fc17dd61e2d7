import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AsyncInvokeConfig, DEFAULT_ASYNC_INVOKE } from '../../../local/lambda/function.ts';
import { fixtureRoleArn, type LocalLambda, startLocalLambda } from './local-lambda.ts';

/** A function that fails until it has been called `event.failures` times, and logs each failure. */
const flaky = `
  let calls = 0;
  exports.handler = async (event) => {
    console.log('call ' + ++calls);
    if (calls <= event.failures) throw new Error('failed ' + calls);
    return { calls };
  };`;

let local: LocalLambda;
beforeEach(async () => {
  local = await startLocalLambda();
});
afterEach(() => local.close());

async function addFlaky(asyncInvoke: Partial<AsyncInvokeConfig> = {}): Promise<string> {
  const { fn } = await local.add(flaky, { asyncInvoke: { ...DEFAULT_ASYNC_INVOKE, ...asyncInvoke } });
  return fn.arn;
}

function calls(): readonly string[] {
  return local.lines.filter((line) => line.startsWith('call '));
}

test('an event whose function fails is tried twice more', async () => {
  const results = await local.createQueue('results');
  const arn = await addFlaky({ onSuccessArn: results.arn });
  await local.lambda.deliver(arn, { failures: 2 });
  const record = JSON.parse((await local.receive(results.url))?.Body ?? '');
  expect(record).toMatchObject({
    version: '1.0',
    requestContext: { condition: 'Success', approximateInvokeCount: 3, functionArn: `${arn}:$LATEST` },
    requestPayload: { failures: 2 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST' },
    responsePayload: { calls: 3 },
  });
  await expect.poll(calls).toEqual(['call 1', 'call 2', 'call 3']);
});

test('an event that fails for good goes to the on-failure destination with its last error', async () => {
  const failures = await local.createQueue('failures');
  const arn = await addFlaky({ onFailureArn: failures.arn });
  const { $metadata } = await local
    .client()
    .send(new InvokeCommand({ FunctionName: arn, InvocationType: 'Event', Payload: '{"failures":9}' }));
  const record = JSON.parse((await local.receive(failures.url))?.Body ?? '');
  expect(record).toMatchObject({
    requestContext: {
      requestId: $metadata.requestId,
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
    },
    requestPayload: { failures: 9 },
    responseContext: { functionError: 'Unhandled' },
    responsePayload: { errorType: 'Error', errorMessage: 'failed 3' },
  });
});

test('a dead-letter queue gets the bare event and the error in attributes', async () => {
  const dead = await local.createQueue('dead');
  const arn = await addFlaky({ deadLetterArn: dead.arn, maximumRetryAttempts: 0 });
  await local.lambda.deliver(arn, { failures: 9 });
  const message = await local.receive(dead.url);
  expect(JSON.parse(message?.Body ?? '')).toEqual({ failures: 9 });
  expect(message?.MessageAttributes).toMatchObject({
    ErrorCode: { StringValue: '200' },
    ErrorMessage: { StringValue: 'failed 1' },
  });
  await expect.poll(calls).toEqual(['call 1']);
});

test('an event older than its maximum age is given up before the next attempt', async () => {
  const failures = await local.createQueue('failures');
  const arn = await addFlaky({ onFailureArn: failures.arn, maximumEventAgeSeconds: 0.001 });
  await local.lambda.deliver(arn, { failures: 9 });
  const record = JSON.parse((await local.receive(failures.url))?.Body ?? '');
  expect(record.requestContext).toMatchObject({ condition: 'EventAgeExceeded', approximateInvokeCount: 1 });
});

test('a destination that the role may not write to is an error in the log', async () => {
  const failures = await local.createQueue('failures');
  local.roles.put(fixtureRoleArn, []);
  const arn = await addFlaky({ onFailureArn: failures.arn, maximumRetryAttempts: 0 });
  await local.lambda.deliver(arn, { failures: 9 });
  await expect.poll(() => local.lines.some((line) => line.includes('AccessDenied'))).toBe(true);
});

test('delivery to a function that is not there is refused', async () => {
  const missing = 'arn:aws:lambda:us-east-1:000000000000:function:missing';
  await expect(local.lambda.deliver(missing, {})).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
  });
});
