/**
 * Reads S3's answers as they were sent, and within bounds. The SDK by itself fails on an empty `Expires` and on a
 * checksum that it cannot compute, loses user metadata called `__proto__`, and reads a document of any length into
 * memory. Everybody who may write an object
 * chooses its headers, so our clients must survive any headers.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { StorageUnavailableError } from '../errors.ts';
import { bounded } from './s3-body.ts';

/**
 * The most bytes of a document, which is a listing, a tag list or an error. The longest listing has 1,000 names of
 * 1,024 bytes, and each byte may be written as `%01`.
 */
const MAX_DOCUMENT_BYTES = 8 * 1_048_576;

const METADATA_PREFIX = 'x-amz-meta-';
const CHECKSUM_PREFIX = 'x-amz-checksum-';

/** The checksums that the SDK can compare a body with. It fails on any other one that S3 holds. */
const COMPARABLE: ReadonlySet<string> = new Set(
  ['type', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'].map((name) => CHECKSUM_PREFIX + name),
);

/** An answer before the SDK reads it. */
interface Answer {
  readonly statusCode: number;
  /** By lower-case name. A value is the header's bytes, one character each. */
  readonly headers: Record<string, string>;
  body: unknown;
}

/** Makes the client read answers this way, and returns it. */
export function readAsSent(s3: S3Client): S3Client {
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args);
        if (isAnswer(result.response)) prepare(result.response, commandName === 'GetObjectCommand');
        return result;
      },
    { step: 'deserialize', priority: 'low', name: 'prepareAnswer', override: true },
  );
  s3.middlewareStack.add(
    (next) => async (args) => {
      const { response, output } = await next(args);
      if (isAnswer(response) && output !== undefined && 'Metadata' in output)
        output.Metadata = metadataOf(response.headers);
      return { response, output };
    },
    { step: 'deserialize', priority: 'high', name: 'readMetadata', override: true },
  );
  return s3;
}

function prepare(answer: Answer, isObject: boolean): void {
  const { expires } = answer.headers;
  // The SDK reads `expiresstring` as text, but `expires` as a date.
  if (expires !== undefined) answer.headers['expiresstring'] = expires;
  delete answer.headers['expires'];
  for (const name of Object.keys(answer.headers))
    if (name.startsWith(CHECKSUM_PREFIX) && !COMPARABLE.has(name)) delete answer.headers[name];
  if (isObject && answer.statusCode < 300) return;
  if (!(answer.body instanceof Readable)) return;
  // HTTP ends a body at the length that it declares. A body that declares no length is counted here.
  const declaredBytes = Number(answer.headers['content-length'] ?? Number.NaN);
  if (declaredBytes <= MAX_DOCUMENT_BYTES) return;
  answer.body = Readable.from(bounded(answer.body, MAX_DOCUMENT_BYTES, tooLong));
}

function tooLong(): StorageUnavailableError {
  return new StorageUnavailableError(`S3 answered with a document of more than ${MAX_DOCUMENT_BYTES} bytes`);
}

/** Returns the user metadata. It is made of entries, because an assignment to `__proto__` makes no member. */
function metadataOf(headers: Answer['headers']): Record<string, string> {
  const named = Object.entries(headers).filter(([name]) => name.startsWith(METADATA_PREFIX));
  return Object.fromEntries(named.map(([name, value]) => [name.slice(METADATA_PREFIX.length), value]));
}

function isAnswer(response: unknown): response is Answer {
  return typeof response === 'object' && response !== null && 'statusCode' in response;
}
