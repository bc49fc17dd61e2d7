/** The digests that a request's headers demand of its body, and S3's answers to malformed demands. */
import { AwsError } from '../front/service.ts';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, checksumHeader, isChecksumValue } from './checksum.ts';
import { invalidArgument, invalidRequest } from './errors.ts';

export interface ExpectedDigests {
  /** SHA-256 in hex. */
  readonly sha256?: string;
  /** MD5 in base64. */
  readonly md5?: string;
  readonly checksum?: ExpectedChecksum;
}

export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** The value in base64. Undefined when it comes in the trailer. */
  readonly value?: string;
}

const SHA256_HEX = /^[0-9a-f]{64}$/;

/** @throws InvalidDigest, InvalidRequest, or InvalidArgument */
export function expectedDigests(headers: Readonly<Record<string, string>>): ExpectedDigests {
  return {
    sha256: contentSha256(headers['x-amz-content-sha256']),
    md5: contentMd5(headers),
    checksum: checksum(headers),
  };
}

/** True when the body comes in the aws-chunked encoding. */
export function isAwsChunked(headers: Readonly<Record<string, string>>): boolean {
  return headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true;
}

/**
 * Returns the algorithm that a header names.
 * @throws InvalidRequest for one that S3 does not have
 */
export function parseAlgorithm(name: string): ChecksumAlgorithm {
  const found = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase());
  if (found === undefined)
    throw invalidRequest(
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    );
  return found;
}

const STREAMING = new Set([
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]);

function contentSha256(header: string | undefined): string | undefined {
  if (header === undefined || header === 'UNSIGNED-PAYLOAD' || STREAMING.has(header)) return undefined;
  if (SHA256_HEX.test(header)) return header;
  const message =
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.';
  throw invalidArgument(message, 'x-amz-content-sha256', header);
}

function contentMd5(headers: Readonly<Record<string, string>>): string | undefined {
  const header = headers['content-md5'];
  if (header === undefined || Buffer.from(header, 'base64').length === 16) return header;
  throw new AwsError('InvalidDigest', 400, 'The Content-MD5 you specified was invalid.', {
    'Content-MD5': header,
  });
}

function checksum(headers: Readonly<Record<string, string>>): ExpectedChecksum | undefined {
  const trailer = headers['x-amz-trailer']?.toLowerCase();
  const named = CHECKSUM_ALGORITHMS.filter(
    (algorithm) => headers[checksumHeader(algorithm)] !== undefined || trailer === checksumHeader(algorithm),
  );
  const [algorithm] = named;
  if (named.length > 1)
    throw invalidRequest(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  if (algorithm === undefined) return noChecksum(headers, trailer);
  const value = headers[checksumHeader(algorithm)];
  if (value !== undefined && !isChecksumValue(algorithm, value))
    throw invalidRequest(`Value for ${checksumHeader(algorithm)} header is invalid.`);
  return { algorithm, value };
}

function noChecksum(headers: Readonly<Record<string, string>>, trailer: string | undefined): undefined {
  if (trailer !== undefined)
    throw invalidRequest('The value specified in the x-amz-trailer header is not supported');
  if (headers['x-amz-sdk-checksum-algorithm'] !== undefined)
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  return undefined;
}
