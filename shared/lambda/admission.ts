/** The limit on the plaintext and ciphertext that one sandbox holds: one big chunk and ten small ones at a time. */
import pLimit from 'p-limit';

/** The most bytes of a small chunk. */
const SMALL_BYTES = 4 * 1_048_576;
const SMALL_AT_ONCE = 10;

/** Does the work when the sandbox has room for a chunk of so many bytes. */
export type Admit = <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;

/** Makes the admission of one sandbox. A small chunk never waits for a big one. */
export function admission(): Admit {
  const small = pLimit(SMALL_AT_ONCE);
  const big = pLimit(1);
  return async (chunkBytes, work) => await (chunkBytes <= SMALL_BYTES ? small : big)(work);
}
