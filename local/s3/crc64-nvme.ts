/**
 * CRC-64/NVME, S3's default checksum, eight bytes a step. It uses two 32-bit halves, because BigInt is a hundred
 * times slower.
 */
const POLYNOMIAL = 0x9a6c_9329_ac4b_c9b5n;

/** The running value. Both halves are unsigned, and start at `{ high: 0, low: 0 }`. */
export interface Crc64 {
  readonly high: number;
  readonly low: number;
}

/** Entry `8 * byte + k` belongs to the byte with `k` zero bytes behind it. */
const [HIGH, LOW] = buildTables();

/** Continues `crc` over `bytes`. */
export function crc64Nvme(bytes: Uint8Array, crc: Crc64): Crc64 {
  let high = ~crc.high;
  let low = ~crc.low;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const a = low ^ word(bytes, i);
    const b = high ^ word(bytes, i + 4);
    const i7 = ((a & 0xff) << 3) | 7;
    const i6 = ((a >>> 5) & 0x7f8) | 6;
    const i5 = ((a >>> 13) & 0x7f8) | 5;
    const i4 = ((a >>> 21) & 0x7f8) | 4;
    const i3 = ((b & 0xff) << 3) | 3;
    const i2 = ((b >>> 5) & 0x7f8) | 2;
    const i1 = ((b >>> 13) & 0x7f8) | 1;
    const i0 = (b >>> 21) & 0x7f8;
    high =
      at(HIGH, i7) ^
      at(HIGH, i6) ^
      at(HIGH, i5) ^
      at(HIGH, i4) ^
      at(HIGH, i3) ^
      at(HIGH, i2) ^
      at(HIGH, i1) ^
      at(HIGH, i0);
    low =
      at(LOW, i7) ^
      at(LOW, i6) ^
      at(LOW, i5) ^
      at(LOW, i4) ^
      at(LOW, i3) ^
      at(LOW, i2) ^
      at(LOW, i1) ^
      at(LOW, i0);
  }
  for (; i < bytes.length; i++) {
    const index = ((low ^ (bytes[i] ?? 0)) & 0xff) << 3;
    low = ((low >>> 8) | (high << 24)) ^ at(LOW, index);
    high = (high >>> 8) ^ at(HIGH, index);
  }
  return { high: ~high >>> 0, low: ~low >>> 0 };
}

function at(table: Uint32Array, index: number): number {
  return table[index] ?? 0;
}

function word(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)
  );
}

function buildTables(): readonly [Uint32Array, Uint32Array] {
  const high = new Uint32Array(2048);
  const low = new Uint32Array(2048);
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let zeros = 0; zeros < 8; zeros++) {
      for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
      high[8 * byte + zeros] = Number(crc >> 32n);
      low[8 * byte + zeros] = Number(crc & 0xffff_ffffn);
    }
  }
  return [high, low];
}
