/**
 * The one HTTP endpoint of the local AWS. It reads from the credential who calls which service, and turns
 * everything that a service throws into an answer in that service's words.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Front } from './exchange.ts';
import { hangUp } from './fault-effects.ts';
import { type Credential, missingCredential, readCredential } from './identity.ts';
import { sendJsonError, serviceOfTarget } from './json-protocol.ts';
import { refusalOfWebPage } from './local-caller.ts';
import { sendHttpError, serveHttp } from './serve-http.ts';
import { serveJson } from './serve-json.ts';
import { AwsError, type Clock, type HttpService, type JsonService } from './service.ts';

export interface FrontOptions extends Front {
  /** 0 takes any free port. */
  readonly port: number;
  /** The clock of the `date` header, by which SDKs correct their own clock. */
  readonly clock: Clock;
}

/** Answers an unsigned request to `/_local/…`, a path that AWS does not have. */
export type Control = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export interface Endpoint {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  /** Serves `service` under its signing name, e.g. `kms`. */
  readonly mountJson: (name: string, service: JsonService) => void;
  readonly mountHttp: (name: string, service: HttpService) => void;
  /** Serves `/_local/…`. */
  readonly mountControl: (control: Control) => void;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

interface Routes {
  readonly front: Front;
  readonly json: Map<string, JsonService>;
  readonly http: Map<string, HttpService>;
  control?: Control;
}

interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/**
 * Milliseconds for which an idle connection stays open: longer than any SDK keeps it, so that the client closes it.
 */
const KEEP_ALIVE_MS = 120_000;
/** The credential in whose name an unsigned request is refused: nothing says which region the request meant. */
const NOBODY: Credential = { accessKeyId: '', region: 'us-east-1', service: 's3' };

/**
 * Listens on 127.0.0.1 only.
 * @throws Node's EADDRINUSE when the port is taken
 */
export async function startFront(options: FrontOptions): Promise<Endpoint> {
  const routes: Routes = { front: options, json: new Map(), http: new Map() };
  const server = createServer((request, response) => {
    response.setHeader('date', new Date(options.clock.now()).toUTCString());
    void serve(routes, request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS;
  // An upload of many gigabytes may take any time.
  server.requestTimeout = 0;
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    mountJson: (name, service) => void routes.json.set(name, service),
    mountHttp: (name, service) => void routes.http.set(name, service),
    mountControl(control) {
      routes.control = control;
    },
    close: async () => closeServer(server),
  };
}

async function serve(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(`http://127.0.0.1${request.url ?? '/'}`);
    const incoming = { request, response, url };
    const credential = readCredential(request.headers, url);
    const refusal = refusalOfWebPage(request);
    if (refusal !== undefined)
      refuse(routes, incoming, credential?.service ?? serviceMeant(routes, request), refusal);
    else if (credential !== undefined) await dispatch(routes, incoming, credential);
    else if (routes.control !== undefined && url.pathname.startsWith('/_local/'))
      await routes.control(request, response, url);
    else if (url.pathname === '/health') answerHealth(routes, response);
    else refuseUnsigned(routes, incoming);
  } catch (error) {
    routes.front.onCrash(error);
    hangUp(response);
  }
}

async function dispatch(
  { front, json, http }: Routes,
  incoming: Incoming,
  credential: Credential,
): Promise<void> {
  const [jsonService, httpService] = [json.get(credential.service), http.get(credential.service)];
  if (jsonService !== undefined)
    return serveJson(front, jsonService, { ...incoming, credential, requestId: randomUUID() });
  if (httpService !== undefined)
    return serveHttp(front, httpService, { ...incoming, credential, requestId: hexId() });
  const message = `The local AWS has no service ${credential.service}`;
  return sendJsonError(credential.service, incoming.response, new AwsError('NotImplemented', 501, message));
}

function refuseUnsigned(routes: Routes, incoming: Incoming): void {
  const service = serviceMeant(routes, incoming.request);
  refuse(routes, incoming, service, missingCredential(service));
}

/** Answers a refusal in the words of `service`. */
function refuse({ http }: Routes, incoming: Incoming, service: string, error: AwsError): void {
  const httpService = http.get(service);
  if (httpService === undefined) sendJsonError(service, incoming.response, error);
  else sendHttpError(httpService, { ...incoming, credential: NOBODY, requestId: hexId() }, error);
}

/** Returns the service that a request without a credential was for: that of its target, else S3. */
function serviceMeant({ http }: Routes, request: IncomingMessage): string {
  return serviceOfTarget(request) ?? (http.has('s3') ? 's3' : '');
}

function answerHealth({ json, http }: Routes, response: ServerResponse): void {
  const services = Object.fromEntries([...http.keys(), ...json.keys()].map((name) => [name, 'running']));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ services }));
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Makes a request id in the form of S3. */
function hexId(): string {
  // The random bytes of a UUID are drawn for many at once, those of randomBytes for each.
  return randomUUID().replaceAll('-', '').slice(-16).toUpperCase();
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
