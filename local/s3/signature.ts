/**
 * Signature Version 4, computed again over the received request, byte for byte. It is verified on demand only: by
 * default the access key id alone names the caller, and any secret will do. The secret to verify with is `local`.
 * The signatures of the chunks of an aws-chunked body are not verified.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { accessDenied, headersNotSigned, signatureDoesNotMatch } from './errors.ts';

/** The signature that an Authorization header, or the query of a presigned URL, claims. */
interface Claim {
  readonly accessKeyId: string;
  /** `{date}/{region}/{service}/aws4_request` */
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20150830T123600Z` */
  readonly date: string;
  readonly payloadHash: string;
}

type Parameter = readonly [name: string, value: string];

/** The secret with which every program of this repository signs. */
const SECRET = 'local';
const ALGORITHM = 'AWS4-HMAC-SHA256';

type Request = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>;

/** @throws SignatureDoesNotMatch, or AccessDenied when an x-amz- header or the host is not signed */
export function assertSignature(request: Request, secret: string = SECRET): void {
  const [path = '/', query = ''] = splitOnce(request.url ?? '/', '?');
  const parameters = parametersOf(query);
  const claim = claimOf(request, parameters);
  assertSigned(request, claim);
  const canonical = canonicalRequest(request, path, parameters, claim);
  const stringToSign = [ALGORITHM, claim.date, claim.scope, sha256(canonical)].join('\n');
  if (signatureOf(stringToSign, claim.scope, secret) === claim.signature) return;
  throw signatureDoesNotMatch(claim.accessKeyId, stringToSign, canonical.toString('utf8'));
}

function claimOf({ headers }: Request, parameters: readonly Parameter[]): Claim {
  const header = headers.authorization;
  const query = new Map(parameters);
  const claimed = (name: string): string =>
    (header === undefined
      ? query.get(`X-Amz-${name}`)
      : new RegExp(`${name}=([^,\\s]+)`).exec(header)?.[1]) ?? '';
  const [accessKeyId = '', scope = ''] = splitOnce(claimed('Credential'), '/');
  return {
    accessKeyId,
    scope,
    signedHeaders: claimed('SignedHeaders').split(';'),
    signature: claimed('Signature'),
    date: query.get('X-Amz-Date') ?? text(headers['x-amz-date']),
    payloadHash: text(headers['x-amz-content-sha256']) || 'UNSIGNED-PAYLOAD',
  };
}

function assertSigned({ headers }: Request, { signedHeaders }: Claim): void {
  const needed = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const missing = needed.filter((name) => !signedHeaders.includes(name));
  if (missing.length > 0) throw headersNotSigned(missing);
  if (!signedHeaders.includes('host')) throw accessDenied();
}

/** Returns the canonical request as bytes. A header's value is what was sent, whatever its encoding. */
function canonicalRequest(
  request: Request,
  path: string,
  parameters: readonly Parameter[],
  { signedHeaders, payloadHash }: Claim,
): Buffer {
  const values = headerValues(request);
  const headers = signedHeaders.map((name) => `${name}:${(values.get(name) ?? []).join(',')}\n`).join('');
  const lines = [
    request.method ?? '',
    path.split('/').map(reencoded).join('/'),
    canonicalQuery(parameters),
    headers,
    signedHeaders.join(';'),
    payloadHash,
  ];
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** Returns every value of each header, trimmed, with runs of spaces made one. */
function headerValues({ rawHeaders }: Request): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = (rawHeaders[index + 1] ?? '').replaceAll(/[ \t]+/g, ' ').replaceAll(/^ | $/g, '');
    const before = values.get(name);
    if (before === undefined) values.set(name, [value]);
    else before.push(value);
  }
  return values;
}

function canonicalQuery(parameters: readonly Parameter[]): string {
  return parameters
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .toSorted(([one, value], [other, otherValue]) =>
      one < other || (one === other && value < otherValue) ? -1 : 1,
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function parametersOf(query: string): readonly Parameter[] {
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const [name = '', value = ''] = splitOnce(pair, '=');
    return [decoded(name.replaceAll('+', '%20')), decoded(value.replaceAll('+', '%20'))];
  });
}

function signatureOf(stringToSign: string, scope: string, secret: string): string {
  return hmac(signingKey(scope, secret), stringToSign).toString('hex');
}

/** A key object: to make one of bytes costs several times as much as the HMAC. */
let lastKey: { readonly scope: string; readonly secret: string; readonly key: KeyObject } | undefined;

/** Returns the key of a day, a region and a service. Most requests use the same key as the one before. */
function signingKey(scope: string, secret: string): KeyObject {
  if (lastKey?.scope === scope && lastKey.secret === secret) return lastKey.key;
  const bytes = scope
    .split('/')
    .reduce((parent: Buffer, part) => hmac(parent, part), Buffer.from(`AWS4${secret}`));
  const key = createSecretKey(bytes);
  lastKey = { scope, secret, key };
  return key;
}

function hmac(key: Buffer | KeyObject, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest();
}

function sha256(content: Buffer): string {
  return hash('sha256', content);
}

function reencoded(segment: string): string {
  return encoded(decoded(segment));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Encodes by RFC 3986, which reserves a few more characters than JavaScript. */
function encoded(content: string): string {
  return encodeURIComponent(content).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function splitOnce(content: string, separator: string): readonly string[] {
  const at = content.indexOf(separator);
  return at < 0 ? [content] : [content.slice(0, at), content.slice(at + separator.length)];
}

function text(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
