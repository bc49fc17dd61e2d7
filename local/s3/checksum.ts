/** S3's additional checksums: the algorithms, how one is computed, and how those of parts make that of the object. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { combineCrc, type CrcField } from './crc-combine.ts';
import { crc32c } from './crc32c.ts';
import { type Crc64, crc64Nvme } from './crc64-nvme.ts';

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';

/** The type of a checksum: FULL_OBJECT covers the bytes of the object, COMPOSITE the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** The value in base64; a composite one ends in `-` and the number of parts. */
  readonly value: string;
}

export interface Digest {
  update(bytes: Uint8Array): void;
  /** Returns the raw checksum, most significant byte first. */
  digest(): Buffer;
}

export interface PartChecksum {
  /** The value in base64. */
  readonly value: string;
  readonly sizeBytes: number;
}

export const checksumSchema: z.ZodType<Checksum> = z.object({
  algorithm: z.enum(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']),
  type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
  value: z.string(),
});

/** The algorithm that S3 uses when a client names none. */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
];

export function createDigest(algorithm: ChecksumAlgorithm): Digest {
  if (algorithm === 'CRC32') return crcDigest(crc32);
  if (algorithm === 'CRC32C') return crcDigest(crc32c);
  return algorithm === 'CRC64NVME' ? crc64Digest() : hashDigest(algorithm);
}

/** Returns the raw length of an algorithm's value, in bytes. */
function checksumBytes(algorithm: ChecksumAlgorithm): number {
  return createDigest(algorithm).digest().length;
}

/** True when `value` is base64 of the algorithm's length. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, value: string): boolean {
  const raw = Buffer.from(value, 'base64');
  return raw.length === checksumBytes(algorithm) && raw.toString('base64') === value;
}

/** Returns the name of an algorithm's value as a header (`x-amz-checksum-crc32`) or in XML (`ChecksumCRC32`). */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** Returns the object's checksum from those of its parts, in order. Precondition: full-object ones are of a CRC. */
export function combineChecksums(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly PartChecksum[],
): Checksum {
  const value = type === 'COMPOSITE' ? composite(algorithm, parts) : fullObject(algorithm, parts);
  return { algorithm, type, value };
}

const FIELDS: Partial<Record<ChecksumAlgorithm, CrcField>> = {
  CRC32: { polynomial: 0xedb8_8320n, bits: 32 },
  CRC32C: { polynomial: 0x82f6_3b78n, bits: 32 },
  CRC64NVME: { polynomial: 0x9a6c_9329_ac4b_c9b5n, bits: 64 },
};

function composite(algorithm: ChecksumAlgorithm, parts: readonly PartChecksum[]): string {
  const digest = createDigest(algorithm);
  for (const { value } of parts) digest.update(Buffer.from(value, 'base64'));
  return `${digest.digest().toString('base64')}-${parts.length}`;
}

function fullObject(algorithm: ChecksumAlgorithm, parts: readonly PartChecksum[]): string {
  const field = FIELDS[algorithm];
  if (field === undefined) throw new TypeError(`${algorithm} has no full-object checksum of parts`);
  const joined = parts.reduce(
    (crc, { value, sizeBytes }) => combineCrc(field, crc, toInteger(value), sizeBytes),
    0n,
  );
  return Buffer.from(joined.toString(16).padStart(field.bits / 4, '0'), 'hex').toString('base64');
}

function toInteger(base64: string): bigint {
  return BigInt(`0x${Buffer.from(base64, 'base64').toString('hex')}`);
}

function crcDigest(step: (bytes: Uint8Array, crc: number) => number): Digest {
  let crc = 0;
  return {
    update: (bytes) => void (crc = step(bytes, crc)),
    digest() {
      const raw = Buffer.alloc(4);
      raw.writeUInt32BE(crc);
      return raw;
    },
  };
}

function crc64Digest(): Digest {
  let crc: Crc64 = { high: 0, low: 0 };
  return {
    update: (bytes) => void (crc = crc64Nvme(bytes, crc)),
    digest() {
      const raw = Buffer.alloc(8);
      raw.writeUInt32BE(crc.high);
      raw.writeUInt32BE(crc.low, 4);
      return raw;
    },
  };
}

function hashDigest(algorithm: 'SHA1' | 'SHA256'): Digest {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}
