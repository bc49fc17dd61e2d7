/** The Lambda API over HTTP. It has Invoke; every other operation answers NotImplemented. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authorizer } from '../iam/authorizer.ts';
import { AwsError, type Caller, type HttpService } from '../front/service.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { requireInvoke } from './invoke-access.ts';
import { type InvocationRequest, readInvocation } from './invocation-request.ts';

export interface LambdaApiDependencies {
  readonly authorizer: Authorizer;
  /** Returns the ARN that a name, ARN or partial ARN stands for, whether or not the function exists. */
  readonly arnOf: (nameOrArn: string) => string;
  readonly find: (functionArn: string) => DeployedFunction | undefined;
}

const INVOKE_PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

export function createLambdaApi(dependencies: LambdaApiDependencies): HttpService {
  return {
    operation: (request, url) => (functionOf(request, url) === undefined ? 'Unknown' : 'Invoke'),
    async handle(request, response, url, caller) {
      try {
        await invoke(request, response, permitted(request, url, caller, dependencies));
      } catch (error) {
        // Lambda names its errors in a header, not in the body.
        if (error instanceof AwsError) response.setHeader('x-amzn-ErrorType', error.code);
        throw error;
      }
    },
    errorBody: ({ status, message, members }) => ({
      contentType: 'application/json',
      body: JSON.stringify({ Type: status < 500 ? 'User' : 'Service', message, ...members }),
    }),
  };
}

/** Returns the name or ARN of the function that a request invokes; undefined for other requests. */
function functionOf(request: IncomingMessage, url: URL): string | undefined {
  const [, name] = (request.method === 'POST' && INVOKE_PATH.exec(url.pathname)) || [];
  return name === undefined ? undefined : decodeURIComponent(name);
}

/**
 * Returns the function of the request, once the caller may invoke it. AWS denies access before it says "not found".
 */
function permitted(
  request: IncomingMessage,
  url: URL,
  { principal }: Caller,
  { authorizer, arnOf, find }: LambdaApiDependencies,
): DeployedFunction {
  const name = functionOf(request, url);
  if (name === undefined)
    throw new AwsError('NotImplemented', 501, `${request.method} ${url.pathname} is not implemented`);
  const resource = arnOf(name);
  const deployed = find(resource);
  requireInvoke(authorizer, { principal, functionArn: resource }, deployed);
  const qualifier = url.searchParams.get('Qualifier') ?? '$LATEST';
  if (!deployed || qualifier !== '$LATEST')
    throw new AwsError('ResourceNotFoundException', 404, `Function not found: ${resource}`);
  return deployed;
}

async function invoke(
  request: IncomingMessage,
  response: ServerResponse,
  { pool, asyncInvoker }: DeployedFunction,
): Promise<void> {
  const { type, event } = await readInvocation(request);
  const invocation = { requestId: randomUUID(), event };
  response.setHeader('x-amzn-requestid', invocation.requestId);
  if (type === 'Event') asyncInvoker.accept(invocation);
  if (type !== 'RequestResponse') return answer(response, STATUSES[type]);
  const { payload, functionError } = await pool.invoke(invocation);
  response.setHeader('X-Amz-Executed-Version', '$LATEST');
  if (functionError) response.setHeader('X-Amz-Function-Error', functionError);
  return answer(response, STATUSES[type], payload);
}

const STATUSES: Readonly<Record<InvocationRequest['type'], number>> = {
  RequestResponse: 200,
  Event: 202,
  DryRun: 204,
};

function answer(response: ServerResponse, status: number, payload = ''): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(status !== 204 && { 'content-length': Buffer.byteLength(payload) }),
  });
  response.end(payload);
}
