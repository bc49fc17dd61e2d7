/**
 * The headers that an object keeps from the request that wrote it, and that it is answered with: the standard six
 * and user metadata.
 */
import * as z from 'zod';
import { AwsError } from '../front/service.ts';
import { storageClassHeader } from './storage-class.ts';

export interface ObjectHeaders {
  /** Headers by lower-case name, as they were sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata by lower-case name, without `x-amz-meta-`. The values are bytes, one character each. */
  readonly metadata: Readonly<Record<string, string>>;
}

const members = z.looseObject({});

/** Texts by name. It is not z.record, which loses a member called `__proto__`. */
const texts = z.custom<Readonly<Record<string, string>>>(
  (value) =>
    members.safeParse(value).success &&
    Object.values(Object(value)).every((text) => typeof text === 'string'),
);

export const objectHeadersSchema: z.ZodType<ObjectHeaders> = z.object({ headers: texts, metadata: texts });

const META_PREFIX = 'x-amz-meta-';

const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';
const MAX_METADATA_BYTES = 2048;
const KEPT = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];

/**
 * Returns the headers to keep.
 * @throws MetadataTooLarge
 */
export function readObjectHeaders(headers: Readonly<Record<string, string>>): ObjectHeaders {
  const kept = KEPT.map((name) => [
    name,
    name === 'content-encoding' ? ownEncoding(headers[name]) : headers[name],
  ]);
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith(META_PREFIX))
    .map(([name, value]) => [name.slice(META_PREFIX.length), value] as const);
  const bytes = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > MAX_METADATA_BYTES) throw metadataTooLarge(bytes);
  return {
    headers: {
      ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
      ...storageClassHeader(headers),
    },
    metadata: Object.fromEntries(metadata),
  };
}

/** Returns the response headers of an object; `response-*` query parameters take precedence. */
export function writtenObjectHeaders(object: ObjectHeaders, query: URLSearchParams): Record<string, string> {
  const written: Record<string, string> = { 'content-type': DEFAULT_CONTENT_TYPE, ...object.headers };
  for (const name of KEPT) {
    const override = query.get(`response-${name}`);
    // Node takes header values as bytes, one character each.
    if (override !== null) written[name] = Buffer.from(override).toString('latin1');
  }
  for (const [name, value] of Object.entries(object.metadata)) written[META_PREFIX + name] = value;
  return written;
}

/** Returns the encoding of the object without `aws-chunked`, which is the encoding of the transfer. */
function ownEncoding(header: string | undefined): string | undefined {
  const codings = header?.split(',').filter((coding) => coding.trim() !== 'aws-chunked');
  return codings === undefined || codings.length === 0 ? undefined : codings.join(',');
}

function metadataTooLarge(bytes: number): AwsError {
  const message = 'Your metadata headers exceed the maximum allowed metadata size';
  return new AwsError('MetadataTooLarge', 400, message, { Size: bytes, MaxSizeAllowed: MAX_METADATA_BYTES });
}
