/** The Invoke API of Lambda over HTTP, with functions whose answers the test gives. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod';

export interface Invocation {
  readonly functionName: string;
  readonly event: Record<string, unknown>;
  /** The region in the request's signature. */
  readonly region: string;
  readonly accessKeyId: string;
}

/** One answer: the return value of a function, its failure, or the refusal of AWS to run it. */
export type Answer =
  | { readonly returns: unknown }
  | { readonly errorType: string; readonly errorMessage: string }
  | { readonly refusal: string; readonly status: number; readonly message: string };

export interface LambdaStandIn extends AsyncDisposable {
  readonly endpoint: string;
  readonly invocations: readonly Invocation[];
  /** Sets the answers to the next invocations, in this order. The last one is given again and again. */
  answer(...answers: readonly Answer[]): void;
}

const credential = /Credential=(?<accessKeyId>[^/]+)\/\d+\/(?<region>[^/]+)\//u;

export async function startLambda(): Promise<LambdaStandIn> {
  const invocations: Invocation[] = [];
  let answers: Answer[] = [];
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const functionName = request.url?.split('/')[3] ?? '';
    const event = z.record(z.string(), z.unknown()).parse(await json(request));
    const { region = '', accessKeyId = '' } =
      credential.exec(request.headers.authorization ?? '')?.groups ?? {};
    invocations.push({ functionName, event, region, accessKeyId });
    const [answer] = answers.length > 1 ? answers.splice(0, 1) : answers;
    send(response, answer ?? { refusal: 'ServiceException', status: 500, message: 'nothing to answer' });
  }
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    invocations,
    answer: (...given) => {
      answers = [...given];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, answer: Answer): void {
  if ('refusal' in answer) {
    response.writeHead(answer.status, { 'x-amzn-errortype': answer.refusal });
    response.end(JSON.stringify({ message: answer.message }));
    return;
  }
  const isFailure = 'errorType' in answer;
  response.writeHead(200, isFailure ? { 'x-amz-function-error': 'Unhandled' } : {});
  response.end(JSON.stringify(isFailure ? answer : answer.returns));
}
