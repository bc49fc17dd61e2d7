/** Incompressible bytes of any length, cheap to make: one random mebibyte, numbered. */
import { randomBytes } from 'node:crypto';

const BLOCK_BYTES = 1_048_576;

export function* blocks(bytes: number): Generator<Buffer> {
  const random = randomBytes(BLOCK_BYTES);
  for (let start = 0; start < bytes; start += BLOCK_BYTES) {
    const block = Buffer.from(random.subarray(0, Math.min(BLOCK_BYTES, bytes - start)));
    if (block.length >= 8) block.writeBigUInt64BE(BigInt(start));
    yield block;
  }
}
