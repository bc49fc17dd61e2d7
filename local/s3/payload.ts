/**
 * A request's body. In one pass it is decoded, measured, and compared with every digest that the client sent. Only
 * those digests are computed that the client demanded or S3 answers.
 */
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { AwsError } from '../front/service.ts';
import { decodeAwsChunked } from './aws-chunked.ts';
import type { S3Call } from './call.ts';
import {
  type ChecksumAlgorithm,
  checksumHeader,
  createDigest,
  DEFAULT_ALGORITHM,
  type Digest,
  isChecksumValue,
} from './checksum.ts';
import { badDigest, entityTooLarge, incompleteBody, invalidRequest, malformedXml } from './errors.ts';
import { expectedDigests, type ExpectedDigests, isAwsChunked } from './expected-digests.ts';

export interface PayloadFacts {
  readonly sizeBytes: number;
  /** The MD5 in hex. */
  readonly md5: string;
  /** The checksum of the whole body, in base64. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

export interface Payload {
  /**
   * The bytes.
   * @throws BadDigest, XAmzContentSHA256Mismatch, or IncompleteBody at their end when a digest or the length is
   * wrong
   */
  readonly bytes: AsyncGenerator<Buffer>;
  /** Resolves when `bytes` has ended without an error. */
  readonly facts: Promise<PayloadFacts>;
}

/** The largest body of one PUT: 5 GiB. */
export const MAX_PAYLOAD_BYTES: number = 5 * 1024 ** 3;
const MAX_DOCUMENT_BYTES: number = 8 * 1024 ** 2;

interface Meters {
  readonly md5: Hash;
  readonly sha256?: Hash;
  readonly checksum: Digest;
  /** The digest by the algorithm that the client sent, if another one is to be kept. */
  readonly sent?: Digest;
  sizeBytes: number;
}

/**
 * Opens the body of a call. `keptAlgorithm` is that of the checksum in the facts; default: the one that the client
 * sent, or else S3's own.
 * @throws MissingContentLength, EntityTooLarge, or what expectedDigests throws, before a byte is read
 */
export function openPayload(call: S3Call, keptAlgorithm?: ChecksumAlgorithm): Payload {
  const expected = expectedDigests(call.headers);
  const declaredBytes = declaredLength(call.headers);
  const { promise, resolve } = Promise.withResolvers<PayloadFacts>();
  const { bytes, trailers } = decodedBody(call);
  const algorithm = keptAlgorithm ?? expected.checksum?.algorithm ?? DEFAULT_ALGORITHM;
  const meters = createMeters(algorithm, expected);
  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of untilHangUp(bytes)) {
      measure(meters, chunk);
      yield chunk;
    }
    if (meters.sizeBytes !== declaredBytes) throw incompleteBody();
    resolve(verified(meters, algorithm, expected, trailers));
  }
  return { bytes: measured(), facts: promise };
}

/**
 * Reads the body as one text, for the XML documents.
 * @throws MalformedXML, or what openPayload and its bytes throw
 */
export async function readDocument(call: S3Call): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of openPayload(call, 'CRC32').bytes) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw entityTooLarge(MAX_DOCUMENT_BYTES);
    chunks.push(chunk);
  }
  return textOf(Buffer.concat(chunks));
}

/** @throws MalformedXML for bytes that are not UTF-8 */
function textOf(document: Buffer): string {
  if (!isUtf8(document)) throw malformedXml();
  return document.toString();
}

function decodedBody({ request, headers }: S3Call): {
  bytes: AsyncIterable<Buffer>;
  trailers: ReadonlyMap<string, string>;
} {
  // A destroyed request would close the connection before a refusal is answered.
  const raw = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  return isAwsChunked(headers) ? decodeAwsChunked(raw) : { bytes: raw, trailers: new Map() };
}

function declaredLength(headers: Readonly<Record<string, string>>): number {
  const isChunked = isAwsChunked(headers);
  const header = headers[isChunked ? 'x-amz-decoded-content-length' : 'content-length'];
  if (header === undefined && !isChunked && headers['transfer-encoding'] === undefined) return 0;
  const bytes = Number(header);
  if (!Number.isSafeInteger(bytes))
    throw new AwsError('MissingContentLength', 411, 'You must provide the Content-Length HTTP header.');
  if (bytes > MAX_PAYLOAD_BYTES) throw entityTooLarge(MAX_PAYLOAD_BYTES);
  return bytes;
}

/** Ends the bytes when the client hangs up. It has sent too little then, which is no failure of ours. */
async function* untilHangUp(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') throw incompleteBody();
    throw error;
  }
}

function createMeters(algorithm: ChecksumAlgorithm, { sha256, checksum }: ExpectedDigests): Meters {
  const isOther = checksum !== undefined && checksum.algorithm !== algorithm;
  return {
    md5: createHash('md5'),
    sha256: sha256 === undefined ? undefined : createHash('sha256'),
    checksum: createDigest(algorithm),
    sent: isOther ? createDigest(checksum.algorithm) : undefined,
    sizeBytes: 0,
  };
}

function measure(meters: Meters, chunk: Buffer): void {
  meters.md5.update(chunk);
  meters.sha256?.update(chunk);
  meters.checksum.update(chunk);
  meters.sent?.update(chunk);
  meters.sizeBytes += chunk.length;
}

function verified(
  meters: Meters,
  algorithm: ChecksumAlgorithm,
  expected: ExpectedDigests,
  trailers: ReadonlyMap<string, string>,
): PayloadFacts {
  const md5 = meters.md5.digest();
  if (expected.md5 !== undefined && expected.md5 !== md5.toString('base64')) throw badDigest('Content-MD5');
  if (meters.sha256?.digest('hex') !== expected.sha256) throw contentSha256Mismatch();
  const value = meters.checksum.digest().toString('base64');
  const sent = meters.sent?.digest().toString('base64') ?? value;
  if (expected.checksum !== undefined && sent !== expectedValue(expected.checksum, trailers))
    throw badDigest(expected.checksum.algorithm);
  return { sizeBytes: meters.sizeBytes, md5: md5.toString('hex'), checksum: { algorithm, value } };
}

function expectedValue(
  { algorithm, value }: NonNullable<ExpectedDigests['checksum']>,
  trailers: ReadonlyMap<string, string>,
): string {
  const sent = value ?? trailers.get(checksumHeader(algorithm));
  if (sent === undefined || !isChecksumValue(algorithm, sent))
    throw invalidRequest(`Value for ${checksumHeader(algorithm)} trailing header is invalid.`);
  return sent;
}

function contentSha256Mismatch(): AwsError {
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  return new AwsError('XAmzContentSHA256Mismatch', 400, message);
}
