/**
 * The limit on the plaintext and ciphertext that one sandbox holds: two big chunks and ten small ones at a time. One
 * big chunk is read and encrypted while the other one is written to the vault.
 */
import pLimit from 'p-limit';

/** The most bytes of a small chunk. */
const SMALL_BYTES = 4 * 1_048_576;
const SMALL_AT_ONCE = 10;
/** The most bytes of a chunk that another big one may be in memory with. */
const PAIRED_BYTES = 64 * 1_048_576;
const BIG_AT_ONCE = 2;

/** Does the work when the sandbox has room for a chunk of so many bytes. */
export type Admit = <T>(chunkBytes: number, work: () => Promise<T>) => Promise<T>;

export interface Admission {
  /** Admits a chunk to memory until the work is done. A small chunk never waits for a big one. */
  readonly admit: Admit;
  /** Takes the turn of a chunk that is admitted to be read and encrypted: one big chunk at a time, in order. */
  readonly inTurn: Admit;
}

/** Makes the admission of one sandbox. */
export function admission(): Admission {
  const [small, big, turn] = [pLimit(SMALL_AT_ONCE), pLimit(BIG_AT_ONCE), pLimit(1)];
  return {
    async admit(chunkBytes, work) {
      if (chunkBytes <= SMALL_BYTES) return await small(work);
      // A chunk of more bytes keeps its turn until it is written, so no other one joins it.
      return await big(chunkBytes <= PAIRED_BYTES ? work : async () => await turn(work));
    },
    inTurn: async (chunkBytes, work) =>
      chunkBytes <= SMALL_BYTES || chunkBytes > PAIRED_BYTES ? await work() : await turn(work),
  };
}
