/** One request in the form that operations use: its operation, bucket, key and headers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError, type Caller } from '../front/service.ts';
import { invalidRequest } from './errors.ts';
import { matchRoute } from './routes.ts';

export interface S3Call {
  readonly operation: string;
  /** The bucket's name; empty for ListBuckets. */
  readonly bucket: string;
  /** The object's key; empty for operations on a bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  /** The headers by lower-case name. The x-amz- parameters of a presigned URL count as headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
}

export interface Target {
  readonly bucket: string;
  readonly key: string;
}

const MAX_KEY_BYTES = 1024;
const VIRTUAL_HOST = /^(?<bucket>.+?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost(?::\d+)?$/;
const PATH_STYLE_HOST = /^s3(?:[.-][a-z0-9-]+)?\.localhost/;
const SIGNING = /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token)$/;

/**
 * Returns the operation's name.
 * @throws NotImplemented or InvalidURI
 */
export function operationOf(request: IncomingMessage, url: URL): string {
  const target = targetOf(request);
  return matchRoute({
    method: request.method ?? '',
    ...target,
    query: url.searchParams,
    headers: headersOf(request, url),
  });
}

/** @throws NotImplemented, InvalidURI, or KeyTooLongError */
export function readCall(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  caller: Caller,
): S3Call {
  const target = targetOf(request);
  assertKeyLength(target.key);
  const operation = operationOf(request, url);
  return {
    operation,
    ...target,
    query: url.searchParams,
    headers: headersOf(request, url),
    request,
    response,
    caller,
  };
}

/** @throws KeyTooLongError for more than 1,024 bytes of UTF-8 */
export function assertKeyLength(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes <= MAX_KEY_BYTES) return;
  const members = { Size: bytes, MaxSizeAllowed: MAX_KEY_BYTES };
  throw new AwsError('KeyTooLongError', 400, 'Your key is too long', members);
}

/**
 * Splits `bucket/key`, percent-encoded.
 * @throws InvalidURI when it is not UTF-8
 */
export function parseTarget(encoded: string): Target {
  const slash = encoded.indexOf('/');
  const bucket = slash < 0 ? encoded : encoded.slice(0, slash);
  return { bucket: decode(bucket), key: slash < 0 ? '' : decode(encoded.slice(slash + 1)) };
}

/** Returns the value of a query parameter that the route requires. */
export function requiredQuery(call: S3Call, name: string): string {
  const value = call.query.get(name);
  if (value === null) throw invalidRequest(`Missing the ${name} parameter`);
  return value;
}

/** Reads the target from the raw path. A URL parser would resolve `..`, which a key may contain. */
function targetOf(request: IncomingMessage): Target {
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const host = request.headers.host ?? '';
  const bucket = PATH_STYLE_HOST.test(host) ? undefined : VIRTUAL_HOST.exec(host)?.groups?.['bucket'];
  return bucket === undefined ? parseTarget(path.slice(1)) : { bucket, key: decode(path.slice(1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', 400, "Couldn't parse the specified URI.");
  }
}

function headersOf(request: IncomingMessage, url: URL): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    const lower = name.toLowerCase();
    if (lower.startsWith('x-amz-') && !SIGNING.test(lower)) headers[lower] = value;
  }
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(',');
  return headers;
}
