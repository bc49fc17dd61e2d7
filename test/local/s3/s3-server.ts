/** The local S3 behind a bare HTTP server, for its contract tests. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3 as S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { Authorizer } from '../../../local/iam/authorizer.ts';
import { principalOf, readCredential } from '../../../local/front/identity.ts';
import { createS3, type S3 } from '../../../local/s3/service.ts';
import { AwsError, type Caller, type Clock, type Deliver } from '../../../local/front/service.ts';
import { openAuthorizer } from '../../support/open-authorizer.ts';

/** An S3 that tests run against. */
export interface S3Target {
  readonly endpoint: string;
  /** Creates a client with that access key id. */
  client(accessKeyId?: string, config?: S3ClientConfig): S3Client;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface S3Server extends S3Target {
  readonly dataDir: string;
  /** The deliveries, oldest first. */
  readonly delivered: readonly Delivery[];
  /** Resolves with the deliveries once there are `count` of them. */
  deliveries(this: void, count: number): Promise<readonly Delivery[]>;
  /** Stops serving and starts again over the same data. */
  restart(): Promise<void>;
}

export interface Delivery {
  readonly arn: string;
  readonly payload: object;
}

export interface S3ServerOptions {
  readonly authorizer?: Authorizer;
  readonly clock?: Clock;
  /** Default false, so that a test may send what no SDK signs. */
  readonly verifySignatures?: boolean;
  /** Called with the target of a delivery. It throws to refuse the delivery. */
  readonly onDeliver?: (arn: string) => void;
}

export const ACCOUNT = '111111111111';
export const OTHER_ACCOUNT = '222222222222';
const REGION = 'us-east-1';

/** Returns the S3 of AWS_ENDPOINT_URL if that is set, so that the same tests can run against another one. */
export async function s3Target(): Promise<S3Target> {
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  if (endpoint === undefined) return startS3();
  const clients = createClients(endpoint);
  return { endpoint, client: clients.make, [Symbol.asyncDispose]: async () => clients.destroy() };
}

/** Creates a bucket with a name of its own, and resolves to the name. */
export async function newBucket(s3: S3Client, versioning?: 'Enabled' | 'Suspended'): Promise<string> {
  const Bucket = `contract-${randomUUID()}`;
  await s3.createBucket({ Bucket });
  if (versioning !== undefined)
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: versioning } });
  return Bucket;
}

export async function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sealstream-s3-'));
  const inbox = createInbox(options);
  const open = async (): Promise<S3> =>
    createS3({
      dataDir,
      clock: options.clock ?? { now: () => Date.now() },
      authorizer: options.authorizer ?? openAuthorizer,
      deliver: inbox.deliver,
      verifySignatures: options.verifySignatures ?? false,
    });
  let s3 = await open();
  const server = createServer((request, response) => void serve(s3, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const endpoint = `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
  const clients = createClients(endpoint);
  return {
    endpoint,
    dataDir,
    delivered: inbox.delivered,
    deliveries: inbox.wait,
    client: clients.make,
    async restart() {
      await s3.close();
      s3 = await open();
    },
    async [Symbol.asyncDispose]() {
      clients.destroy();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await s3.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

function createClients(endpoint: string): { make: S3Target['client']; destroy(): void } {
  const clients: S3Client[] = [];
  return {
    make(accessKeyId = ACCOUNT, config = {}) {
      const credentials = { accessKeyId, secretAccessKey: 'local' };
      const shared = { endpoint, region: REGION, credentials, forcePathStyle: true, maxAttempts: 1 };
      const client = new S3Client({ ...shared, ...config });
      clients.push(client);
      return client;
    },
    destroy() {
      for (const client of clients) client.destroy();
    },
  };
}

async function serve(s3: S3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(`http://localhost${request.url}`);
  const credential = readCredential(request.headers, url);
  const principal = credential === undefined ? { accountId: '', arn: '' } : principalOf(credential);
  const requestId = randomUUID();
  const caller: Caller = { principal, region: credential?.region ?? REGION, requestId, userAgent: '' };
  try {
    s3.operation(request, url);
    await s3.handle(request, response, url, caller);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const refusal = error instanceof AwsError ? error : new AwsError('InternalError', 500, String(error));
    const { contentType, body } = s3.errorBody(refusal, url, caller);
    response.writeHead(refusal.status, { 'content-type': contentType });
    response.end(body);
  }
}

function createInbox({ onDeliver }: S3ServerOptions): {
  delivered: readonly Delivery[];
  deliver: Deliver;
  wait(this: void, count: number): Promise<readonly Delivery[]>;
} {
  const delivered: Delivery[] = [];
  const waiting = new Set<() => void>();
  return {
    delivered,
    async deliver(arn, payload) {
      onDeliver?.(arn);
      delivered.push({ arn, payload });
      for (const wake of waiting) wake();
    },
    async wait(count) {
      while (delivered.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
      return delivered;
    },
  };
}
