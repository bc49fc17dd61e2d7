/** S3 without an SDK: headers are sent and signed as the bytes they are, and come back as S3 answered them. */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface RawTarget {
  readonly endpoint: string;
  readonly accessKeyId: string;
}

export interface RawAnswer {
  readonly status: number;
  /** The headers by lower-case name. A value is the header's bytes, one character each. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawRequest {
  readonly method: 'PUT' | 'GET' | 'HEAD';
  /** The path, percent-encoded. */
  readonly path: string;
  /** The headers by lower-case name. A value has one character for each byte. Default: none. */
  readonly headers?: Headers;
  /** Default: empty. */
  readonly body?: Buffer;
}

type Headers = Readonly<Record<string, string>>;

const SCOPE = 'us-east-1/s3/aws4_request';

/** Sends one signed request. */
export async function rawS3(target: RawTarget, rawRequest: RawRequest): Promise<RawAnswer> {
  const { method, path, body = Buffer.alloc(0) } = rawRequest;
  const url = new URL(target.endpoint);
  const signed = signedHeaders(target, rawRequest);
  // The headers are a list with the length last: Node recodes a Content-Disposition that it sends after the length.
  const list = Object.entries({ ...signed, 'content-length': String(body.length) }).flat();
  const request = send({ host: url.hostname, port: url.port, method, path, headers: list });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    body: await buffer(response),
  };
}

/** Returns the bytes of a text in UTF-8, one character each. */
export function utf8Bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Returns the headers that S3 keeps beside an object. */
export function storedHeaders({ headers }: RawAnswer): Headers {
  const stored = /^(?:content-(?:type|disposition|encoding|language)|cache-control|expires|x-amz-meta-.*)$/u;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => stored.test(name)));
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const names = rawHeaders.filter((_name, index) => index % 2 === 0);
  return Object.fromEntries(names.map((name, at) => [name.toLowerCase(), rawHeaders[2 * at + 1] ?? '']));
}

function signedHeaders({ endpoint, accessKeyId }: RawTarget, { method, path, headers }: RawRequest): Headers {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/gu, '');
  const { host } = new URL(endpoint);
  const all: Headers = { host, ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-date': date };
  const names = Object.keys(all)
    .filter((name) => name === 'host' || name.startsWith('x-amz-'))
    .toSorted();
  const lines = names.map((name) => `${name}:${all[name]}\n`).join('');
  const canonical = [method, path, '', lines, names.join(';'), 'UNSIGNED-PAYLOAD'].join('\n');
  const hashed = createHash('sha256').update(Buffer.from(canonical, 'latin1')).digest('hex');
  const scope = `${date.slice(0, 8)}/${SCOPE}`;
  const key = scope.split('/').reduce((parent: Buffer | string, part) => hmac(parent, part), 'AWS4local');
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hashed}`).toString('hex');
  const credential = `Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}`;
  return { ...all, authorization: `AWS4-HMAC-SHA256 ${credential}, Signature=${signature}` };
}

function hmac(key: Buffer | string, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest();
}
