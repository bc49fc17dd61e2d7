/**
 * The one HTTP endpoint of the local AWS: tells by the credential who calls which service, lets the faults strike, and
 * sees to it that whatever a service throws becomes an answer in that service's words.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { answerControl, isControl } from './control.ts';
import type { ControlTargets } from './control.ts';
import { discardedResponse } from './discarded-response.ts';
import { hangUp, inflict } from './fault-effects.ts';
import type { Faults, FaultTarget } from './faults.ts';
import { missingCredential, principalOf, readCredential } from './identity.ts';
import type { Credential } from './identity.ts';
import { readJsonRequest, sendJson, sendJsonError, serviceOfTarget } from './json-protocol.ts';
import { AwsError } from './service.ts';
import type { Caller, HttpService, JsonService } from './service.ts';

export interface FrontOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly faults: Faults;
  /** SIGKILLs the sandbox that holds the session. */
  kill(session: string): void;
  /** Told of every failure that is ours, not the caller's. */
  onCrash(error: unknown): void;
}

export interface Front {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  /** Serves `service` under its signing name, e.g. `kms`. */
  mountJson(name: string, service: JsonService): void;
  mountHttp(name: string, service: HttpService): void;
  /** Serves `/_local/…`. */
  mountControl(targets: ControlTargets): void;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

interface Routes {
  readonly options: FrontOptions;
  readonly json: Map<string, JsonService>;
  readonly http: Map<string, HttpService>;
  control?: ControlTargets;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** Longer than any SDK keeps an idle connection, so that the client is the one to close it. */
const KEEP_ALIVE_MS = 120_000;

/** Listens on 127.0.0.1 only. Rejects with Node's EADDRINUSE when the port is taken. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const routes: Routes = { options, json: new Map(), http: new Map() };
  const server = createServer((request, response) => void serve(routes, request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS;
  // An upload of many gigabytes may take as long as it takes.
  server.requestTimeout = 0;
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    mountJson: (name, service) => void routes.json.set(name, service),
    mountHttp: (name, service) => void routes.http.set(name, service),
    mountControl(targets) {
      routes.control = targets;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(`http://127.0.0.1${request.url ?? '/'}`);
    const exchange = { request, response, url };
    const credential = readCredential(request.headers, url);
    if (credential !== undefined) await dispatch(routes, exchange, credential);
    else if (routes.control !== undefined && isControl(url))
      await answerControl(routes.control, request, response, url);
    else if (url.pathname === '/health') answerHealth(routes, response);
    else refuseUnsigned(routes, exchange);
  } catch (error) {
    routes.options.onCrash(error);
    hangUp(response);
  }
}

async function dispatch(routes: Routes, exchange: Exchange, credential: Credential): Promise<void> {
  const json = routes.json.get(credential.service);
  if (json !== undefined) return serveJson(routes, json, exchange, credential);
  const http = routes.http.get(credential.service);
  if (http !== undefined) return serveHttp(routes, http, exchange, credential);
  const message = `The local AWS has no service ${credential.service}`;
  sendJsonError(credential.service, exchange.response, new AwsError('NotImplemented', 501, message));
}

async function serveJson(
  routes: Routes,
  service: JsonService,
  { request, response }: Exchange,
  credential: Credential,
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-amzn-requestid', requestId);
  try {
    const caller = callerOf(credential, requestId, request, response);
    const { operation, input, body } = await readJsonRequest(credential.service, request);
    const target = { service: credential.service, operation, roleArn: caller.principal.roleArn, text: body };
    if (await strike(routes, 'before', target, caller, response)) return;
    const output = await service.call(operation, input, caller);
    if (await strike(routes, 'after', target, caller, response)) return;
    sendJson(credential.service, response, output);
  } catch (error) {
    sendJsonError(credential.service, response, asAwsError(routes, error, 'InternalFailure'));
  }
}

async function serveHttp(
  routes: Routes,
  service: HttpService,
  { request, response, url }: Exchange,
  credential: Credential,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  response.setHeader(credential.service === 's3' ? 'x-amz-request-id' : 'x-amzn-requestid', requestId);
  let caller: Caller | undefined;
  try {
    caller = callerOf(credential, requestId, request, response);
    const operation = service.operation(request, url);
    const text = request.url ?? '/';
    const target = { service: credential.service, operation, roleArn: caller.principal.roleArn, text };
    if (await strike(routes, 'before', target, caller, response)) return;
    // The answer is on its way before an `after` fault could strike, so a struck operation answers into the void.
    const struck = routes.options.faults.peek('after', target).length > 0;
    await service.handle(request, struck ? discardedResponse(request) : response, url, caller);
    if (struck && !(await strike(routes, 'after', target, caller, response))) hangUp(response);
  } catch (error) {
    const refusal = asAwsError(routes, error, 'InternalError');
    if (response.headersSent) hangUp(response);
    else sendHttpError(service, response, refusal, url, caller ?? anonymous(credential, requestId));
  }
}

function sendHttpError(
  service: HttpService,
  response: ServerResponse,
  error: AwsError,
  url: URL,
  caller: Caller,
): void {
  const { contentType, body } = service.errorBody(error, url, caller);
  response.writeHead(error.status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-amzn-errortype': error.code,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Lets the faults of that moment strike; true where the connection is gone and nobody waits for an answer. */
async function strike(
  { options }: Routes,
  when: 'before' | 'after',
  target: FaultTarget,
  caller: Caller,
  response: ServerResponse,
): Promise<boolean> {
  const effects = options.faults.take(when, target);
  return effects.length > 0 && inflict(effects, { response, caller, kill: options.kill });
}

function callerOf(
  credential: Credential,
  requestId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Caller {
  const hungUp = new AbortController();
  response.once('close', () => hungUp.abort());
  return {
    principal: principalOf(credential),
    region: credential.region,
    requestId,
    userAgent: request.headers['user-agent'] ?? '',
    signal: hungUp.signal,
  };
}

function anonymous({ region }: Credential, requestId: string): Caller {
  return { principal: { accountId: '', arn: '' }, region, requestId, userAgent: '' };
}

function asAwsError({ options }: Routes, error: unknown, crashCode: string): AwsError {
  if (error instanceof AwsError) return error;
  options.onCrash(error);
  return new AwsError(crashCode, 500, 'We encountered an internal error. Please try again.');
}

function refuseUnsigned(routes: Routes, { request, response, url }: Exchange): void {
  const target = serviceOfTarget(request);
  const http = target === undefined ? routes.http.get('s3') : undefined;
  const requestId = randomUUID();
  if (http === undefined) return sendJsonError(target ?? '', response, missingCredential(target ?? ''));
  const caller = anonymous({ accessKeyId: '', region: 'us-east-1', service: 's3' }, requestId);
  sendHttpError(http, response, missingCredential('s3'), url, caller);
}

function answerHealth({ json, http }: Routes, response: ServerResponse): void {
  const services = Object.fromEntries([...http.keys(), ...json.keys()].map((name) => [name, 'running']));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ services }));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
