/** How much plaintext and ciphertext one sandbox holds at once: one big chunk at a time, small ones side by side. */
import pLimit from 'p-limit';

/** Up to this many bytes a chunk is small. */
const SMALL_BYTES = 4 * 1_048_576;
const SMALL_AT_ONCE = 10;

export type Admit = <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;

export function admission(): Admit {
  const small = pLimit(SMALL_AT_ONCE);
  const big = pLimit(1);
  return async (chunkBytes, work) => await (chunkBytes <= SMALL_BYTES ? small : big)(work);
}
