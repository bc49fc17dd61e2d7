/** Attempts of a page in a browser on the same laptop against the local AWS: forged headers, raw over HTTP. */
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientConfig, control, ISV, type Services, startServices } from '../support/services.ts';

interface Sent {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

let services: Services;
let stored = 0;
beforeAll(async () => {
  services = await startServices();
  services.front.mountHttp('s3', {
    operation: () => 'PutObject',
    async handle(_request, response) {
      stored += 1;
      response.end('stored');
    },
    errorBody: ({ code, message }) => ({ contentType: 'application/xml', body: `${code}: ${message}` }),
  });
});
afterAll(async () => services.close());

const scope = (service: string): string => `${ISV}/20260101/us-east-1/${service}/aws4_request`;
const signed = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=${scope(service)}, SignedHeaders=host, Signature=0`;
const json = (service: string, target: string): Sent['headers'] => ({
  authorization: signed(service),
  'x-amz-target': target,
});

const requests: readonly Sent[] = [
  { what: 'S3', method: 'PUT', path: '/bucket/key', headers: { authorization: signed('s3') } },
  { what: 'S3 by a presigned URL', method: 'GET', path: `/bucket/key?X-Amz-Credential=${scope('s3')}` },
  { what: 'DynamoDB', method: 'POST', path: '/', headers: json('dynamodb', 'DynamoDB_20120810.ListTables') },
  { what: 'SQS', method: 'POST', path: '/', headers: json('sqs', 'AmazonSQS.ListQueues') },
  { what: 'EventBridge', method: 'POST', path: '/', headers: json('events', 'AWSEvents.ListEventBuses') },
  { what: 'a fault', method: 'GET', path: '/_local/faults' },
  { what: 'the clock', method: 'POST', path: '/_local/clock', body: '{"advanceMs":60000}' },
  { what: 'its health', method: 'GET', path: '/health' },
];
const changing: readonly Sent[] = [
  {
    what: 'a queue',
    method: 'POST',
    path: '/',
    headers: json('sqs', 'AmazonSQS.CreateQueue'),
    body: '{"QueueName":"theirs"}',
  },
  {
    what: 'a fault',
    method: 'POST',
    path: '/_local/faults',
    body: '{"service":"s3","when":"before","effect":{"drop":true}}',
  },
];

async function send({ method, path, headers, body }: Sent, forged: Sent['headers'] = {}) {
  const { hostname: host, port } = new URL(services.endpoint);
  const sent = request({ host, port, method, path, headers: { ...headers, ...forged } });
  const [response] = await once(sent.end(body), 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const pages: readonly { readonly by: string; readonly forged: Record<string, string> }[] = [
  { by: 'a name of its own that resolves to us', forged: { host: 'evil.example:4566' } },
  { by: 'a name that only begins like ours', forged: { host: '127.0.0.1.evil.example' } },
  { by: 'a public name that others have the say of', forged: { host: 's3.localhost.localstack.cloud' } },
  { by: 'our name and the port of another server', forged: { host: '127.0.0.1:1' } },
  { by: 'our name and no port', forged: { host: 'localhost' } },
  { by: 'an origin', forged: { origin: 'https://evil.example' } },
  { by: 'an opaque origin', forged: { origin: 'null' } },
  { by: 'the origin of another local server', forged: { origin: 'http://localhost:8080' } },
  { by: 'a cross-site request', forged: { 'sec-fetch-site': 'cross-site' } },
  { by: 'a same-site request', forged: { 'sec-fetch-site': 'same-site' } },
  { by: 'a page that somebody uploaded to us', forged: { 'sec-fetch-site': 'same-origin' } },
];

test.each(pages)('is refused with $by, by every service, before anything is done', async ({ forged }) => {
  const before = { stored, offsetMs: services.clock.offsetMs() };
  for (const sent of requests) {
    const { status, body } = await send(sent, forged);
    expect([sent.what, status, body]).toEqual([sent.what, 403, expect.stringContaining('AccessDenied')]);
  }
  expect({ stored, offsetMs: services.clock.offsetMs() }).toEqual(before);
});

test('is refused from our own origin, where any object that is a page would run', async () => {
  for (const sent of requests)
    expect(await send(sent, { origin: services.endpoint })).toMatchObject({ status: 403 });
});

test('leaves nothing behind by a request that it sends without reading the answer', async () => {
  for (const sent of changing)
    expect(await send(sent, { origin: 'null', 'content-type': 'text/plain' })).toMatchObject({ status: 403 });
  expect(await control(services, 'GET', 'faults')).toEqual([]);
  const { QueueUrls } = await new SQSClient(clientConfig(services)).send(new ListQueuesCommand({}));
  expect(QueueUrls ?? []).toEqual([]);
});

test('gets no leave by a preflight', async () => {
  const preflight = { what: 'a preflight', method: 'OPTIONS', path: '/bucket/key' };
  const asked = { origin: 'https://evil.example', 'access-control-request-method': 'PUT' };
  const { status, headers } = await send(preflight, asked);
  expect(status).toBe(403);
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

test('is told which header is wrong', async () => {
  const health = { what: 'its health', method: 'GET', path: '/health' };
  expect((await send(health, { host: 'evil.example' })).body).toContain('Host');
  expect((await send(health, { origin: 'https://evil.example' })).body).toContain('Origin');
  expect((await send(health, { 'sec-fetch-site': 'cross-site' })).body).toContain('Sec-Fetch-Site');
});

test.each([
  '127.0.0.1',
  'LocalHost',
  '[::1]',
  's3.localhost',
  'a-bucket.localhost',
  'b.s3.us-east-1.localhost',
])('keeps no program out that calls us %s', async (name) => {
  const { port } = new URL(services.endpoint);
  for (const sent of requests)
    expect(await send(sent, { host: `${name}:${port}` })).toMatchObject({ status: 200 });
});

test('keeps nobody out who opens a presigned URL in a browser', async () => {
  const url = { what: 'a URL', method: 'GET', path: `/bucket/key?X-Amz-Credential=${scope('s3')}` };
  expect(await send(url, { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })).toMatchObject({
    status: 200,
    body: 'stored',
  });
});
