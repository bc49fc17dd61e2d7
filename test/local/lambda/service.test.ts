import {
  GetFunctionCommand,
  InvokeCommand,
  type InvokeCommandInput,
  type InvokeCommandOutput,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountId, type LocalLambda, region, startLocalLambda } from './local-lambda.ts';

let local: LocalLambda;

beforeAll(async () => {
  local = await startLocalLambda();
  await local.add(
    `exports.handler = async (event, context) => {
       if (event.fail) throw new RangeError('failed as told');
       if (event.big) return 'x'.repeat(event.big);
       return { event, requestId: context.awsRequestId };
     };`,
    { name: 'echo', arn: `arn:aws:lambda:${region}:${accountId}:function:echo` },
  );
  local.roles.put(`arn:aws:iam::${accountId}:role/invoker`, [
    {
      Statement: {
        Effect: 'Allow',
        Action: 'lambda:InvokeFunction',
        Resource: `arn:aws:lambda:${region}:${accountId}:function:echo`,
      },
    },
  ]);
});
afterAll(() => local.close());

async function invoke(
  input: Partial<InvokeCommandInput> = {},
  accessKeyId?: string,
): Promise<InvokeCommandOutput & { body: unknown }> {
  const output = await local.client(accessKeyId).send(new InvokeCommand({ FunctionName: 'echo', ...input }));
  const text = output.Payload?.transformToString() ?? '';
  return { ...output, body: text === '' ? undefined : JSON.parse(text) };
}

describe('Invoke', () => {
  test('answers with what the function returned, under the request id that the function saw', async () => {
    const { StatusCode, ExecutedVersion, FunctionError, body, $metadata } = await invoke({
      Payload: JSON.stringify({ a: 'ü' }),
    });
    expect({ StatusCode, ExecutedVersion, FunctionError }).toEqual({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      FunctionError: undefined,
    });
    expect(body).toEqual({ event: { a: 'ü' }, requestId: $metadata.requestId });
  });

  test('passes an empty object where the request has no payload', async () => {
    expect((await invoke()).body).toMatchObject({ event: {} });
  });

  test.each([
    ['a name', 'echo'],
    ['an ARN', `arn:aws:lambda:${region}:${accountId}:function:echo`],
    ['a partial ARN', `${accountId}:function:echo`],
    ['a qualified ARN', `arn:aws:lambda:${region}:${accountId}:function:echo:$LATEST`],
  ])('takes %s', async (_, FunctionName) => {
    expect((await invoke({ FunctionName })).StatusCode).toBe(200);
  });

  test('reports an error of the function as Unhandled, with status 200', async () => {
    const { StatusCode, FunctionError, body } = await invoke({ Payload: '{"fail":true}' });
    expect(StatusCode).toBe(200);
    expect(FunctionError).toBe('Unhandled');
    expect(body).toMatchObject({ errorType: 'RangeError', errorMessage: 'failed as told' });
  });

  test('refuses a response above 6 MB', async () => {
    const { FunctionError, body } = await invoke({ Payload: '{"big":6291556}' });
    expect(FunctionError).toBe('Unhandled');
    expect(body).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  });

  test('answers 204 to a dry run and 202 to an event, without a payload', async () => {
    const dryRun = await invoke({ InvocationType: 'DryRun' });
    expect([dryRun.StatusCode, dryRun.body]).toEqual([204, undefined]);
    const event = await invoke({ InvocationType: 'Event' });
    expect([event.StatusCode, event.body]).toEqual([202, undefined]);
  });

  test('lets a role invoke what its policy names', async () => {
    expect((await invoke({}, `${accountId}.invoker`)).StatusCode).toBe(200);
  });

  test.each([
    ['a role without permission', 'AccessDeniedException', {}, `${accountId}.nobody`],
    ['another account', 'AccessDeniedException', {}, '111111111111'],
    ['a function that is not there', 'ResourceNotFoundException', { FunctionName: 'missing' }, undefined],
    ['a version that is not there', 'ResourceNotFoundException', { Qualifier: '7' }, undefined],
    ['a payload that is not JSON', 'InvalidRequestContentException', { Payload: '{' }, undefined],
    ['a payload above 6 MB', 'RequestTooLargeException', { Payload: bigPayload(6_291_457) }, undefined],
    [
      'an asynchronous payload above 1 MB',
      'RequestTooLargeException',
      { Payload: bigPayload(1_048_577), InvocationType: 'Event' as const },
      undefined,
    ],
    ['a wish for the log tail', 'NotImplemented', { LogType: 'Tail' as const }, undefined],
    ['a client context', 'NotImplemented', { ClientContext: 'e30=' }, undefined],
  ])('refuses %s with %s', async (_, name, input, accessKeyId) => {
    await expect(invoke(input, accessKeyId)).rejects.toMatchObject({ name });
  });

  test('is all there is of the API', async () => {
    const command = new GetFunctionCommand({ FunctionName: 'echo' });
    await expect(local.client().send(command)).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  });
});

test('a sandbox is killed by its session', async () => {
  await invoke();
  const [sandbox] = local.lambda.sandboxes();
  expect(sandbox).toMatchObject({ function: 'echo', invocations: expect.any(Number) });
  local.lambda.kill(sandbox?.session ?? '');
  expect(local.lambda.sandboxes()).toEqual([]);
  expect((await invoke()).StatusCode).toBe(200);
});

function bigPayload(bytes: number): string {
  return JSON.stringify('x'.repeat(bytes - 2));
}
