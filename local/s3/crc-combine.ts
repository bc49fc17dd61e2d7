/**
 * The CRC of two joined byte strings, from the CRC of each and the length of the second. S3 computes the
 * full-object checksum of a multipart upload by it, without reading a byte again. Polynomials are bit-reflected, as
 * CRCs store them.
 */
export interface CrcField {
  /** The reflected polynomial without its leading term. */
  readonly polynomial: bigint;
  readonly bits: 32 | 64;
}

/** Returns crc(a ‖ b) from crc(a), crc(b) and the length of b, for CRCs that start and end inverted. */
export function combineCrc(field: CrcField, crcA: bigint, crcB: bigint, lengthB: number): bigint {
  return multiply(field, crcA, powerOfX(field, BigInt(lengthB) * 8n)) ^ crcB;
}

/** Returns x^exponent modulo the polynomial, by squaring. */
function powerOfX(field: CrcField, exponent: bigint): bigint {
  let square = 1n << BigInt(field.bits - 2);
  let product = 1n << BigInt(field.bits - 1);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) product = multiply(field, square, product);
    square = multiply(field, square, square);
  }
  return product;
}

function multiply(field: CrcField, a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = 1n << BigInt(field.bits - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ field.polynomial : shifted >> 1n;
  }
  return product;
}
