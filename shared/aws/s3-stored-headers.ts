/**
 * The headers that S3 keeps beside an object. They are sent to S3 as the bytes that they were at the upload (FORMAT
 * rule 15).
 *
 * A signature is over the UTF-8 of a text, and Node sends one byte for each character: these are the same bytes for
 * ASCII only. S3 itself does not verify other bytes reliably (https://github.com/aws/aws-sdk-ruby/issues/3039), but it
 * wants only `host` and `x-amz-*` signed. So a header with other bytes is added after the signature. User metadata must
 * be signed. From S3 it always comes in ASCII; for another server it is signed as the bytes that are sent.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import type { Attributes } from '../object/attributes.ts';

/** By lower-case name. A value is the header's bytes, one character each. */
type Headers = Readonly<Record<string, string>>;

/** A request on its way through the SDK. Each attempt signs its own copy. */
export interface Request {
  headers: Record<string, string>;
  body?: unknown;
}

const METADATA_PREFIX = 'x-amz-meta-';
const DISPOSITION = 'content-disposition';
/** The requests whose headers S3 keeps. */
const CARRIERS: ReadonlySet<string | undefined> = new Set([
  'PutObjectCommand',
  'CreateMultipartUploadCommand',
]);
const ASCII = /^[\t\x20-\x7e]*$/u;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The headers to add to the requests of the current asynchronous context. lib-storage makes those requests itself, so
 * the headers cannot be given to it.
 */
const carried = new AsyncLocalStorage<Headers>();

/** Runs `send`. The requests that it makes by a client of `carryHeaders` carry the attributes' headers. */
export async function withHeaders<T>(attributes: Attributes, send: () => Promise<T>): Promise<T> {
  return await carried.run(headersOf(attributes), send);
}

/** Makes the client send the headers of `withHeaders`. Idempotent. */
export function carryHeaders(s3: S3Client): void {
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (CARRIERS.has(commandName)) set(args.request, signedForm);
        return await next(args);
      },
    { step: 'build', priority: 'high', name: 'carrySignedHeaders', override: true },
  );
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (CARRIERS.has(commandName)) {
          set(args.request, wireForm);
          keepDisposition(args.request);
        }
        return await next(args);
      },
    // This step runs after the signature.
    { step: 'finalizeRequest', priority: 'low', name: 'carryOtherHeaders', override: true },
  );
}

function headersOf(attributes: Attributes): Headers {
  const named: readonly (readonly [string, string | undefined])[] = [
    ['content-type', attributes.contentType],
    ['cache-control', attributes.cacheControl],
    ['content-disposition', attributes.contentDisposition],
    ['content-encoding', attributes.contentEncoding],
    ['content-language', attributes.contentLanguage],
    ['expires', attributes.expires],
    ...Object.entries(attributes.metadata).map(
      ([name, value]) => [`${METADATA_PREFIX}${name}`, value] as const,
    ),
  ];
  return Object.fromEntries(named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/**
 * Sets each header to the value that `form` returns. Undefined removes the header, even if the SDK has set a default.
 */
function set(request: unknown, form: (name: string, value: string) => string | undefined): void {
  if (!hasHeaders(request)) return;
  for (const [name, value] of Object.entries(carried.getStore() ?? {})) {
    const formed = form(name, value);
    if (formed === undefined) delete request.headers[name];
    else request.headers[name] = formed;
  }
}

function signedForm(name: string, value: string): string | undefined {
  if (ASCII.test(value)) return value;
  return name.startsWith(METADATA_PREFIX) ? (textOf(value) ?? encodedWord(value)) : undefined;
}

function wireForm(name: string, value: string): string {
  return name.startsWith(METADATA_PREFIX) && textOf(value) === undefined ? encodedWord(value) : value;
}

/**
 * Makes Node send a Content-Disposition unchanged. When Node knows the length of the body, it decodes this header as
 * UTF-8 and cuts each character to one byte. It does not know the length when this header comes first and the body is a
 * stream.
 * https://github.com/nodejs/node/pull/46528
 */
function keepDisposition(request: unknown): void {
  const disposition = carried.getStore()?.[DISPOSITION] ?? '';
  if (!hasHeaders(request) || ASCII.test(disposition)) return;
  request.headers = { [DISPOSITION]: disposition, ...request.headers };
  if (request.body instanceof Uint8Array && request.body.length > 0)
    request.body = Readable.from([request.body]);
}

/** Returns the text whose UTF-8 the bytes are; undefined when they are not UTF-8. */
function textOf(bytes: string): string | undefined {
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * Encodes bytes as S3 itself answers metadata that is not ASCII: RFC 2047.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata
 */
function encodedWord(bytes: string): string {
  return `=?UTF-8?B?${Buffer.from(bytes).toString('base64')}?=`;
}

/** True for a request on its way through the SDK. */
export function hasHeaders(request: unknown): request is Request {
  return typeof request === 'object' && request !== null && 'headers' in request;
}
