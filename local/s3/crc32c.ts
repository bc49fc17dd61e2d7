/** CRC-32C (Castagnoli), eight bytes a step. Node has only CRC-32 natively. */
const POLYNOMIAL = 0x82f6_3b78;

/** Entry `8 * byte + k` belongs to the byte with `k` zero bytes behind it. */
const TABLE: Uint32Array = buildTable();

/** Continues `crc` (0 at first) over `bytes`. Returns unsigned 32 bits. */
export function crc32c(bytes: Uint8Array, crc: number): number {
  let state = ~crc;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const a = state ^ word(bytes, i);
    const b = word(bytes, i + 4);
    state =
      at(((a & 0xff) << 3) | 7) ^
      at(((a >>> 5) & 0x7f8) | 6) ^
      at(((a >>> 13) & 0x7f8) | 5) ^
      at(((a >>> 21) & 0x7f8) | 4) ^
      at(((b & 0xff) << 3) | 3) ^
      at(((b >>> 5) & 0x7f8) | 2) ^
      at(((b >>> 13) & 0x7f8) | 1) ^
      at((b >>> 21) & 0x7f8);
  }
  for (; i < bytes.length; i++) state = at(((state ^ (bytes[i] ?? 0)) & 0xff) << 3) ^ (state >>> 8);
  return ~state >>> 0;
}

function at(index: number): number {
  return TABLE[index] ?? 0;
}

function word(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)
  );
}

function buildTable(): Uint32Array {
  const table = new Uint32Array(2048);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let zeros = 0; zeros < 8; zeros++) {
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
      table[8 * byte + zeros] = crc >>> 0;
    }
  }
  return table;
}
