import { describe, expect, test } from 'vitest';
import { type Admission, admission } from '../../shared/lambda/admission.ts';

const SMALL_BYTES = 4 * 1_048_576;
const PAIRED_BYTES = 64 * 1_048_576;

/** Work that counts how many are at it at once. */
function counted(): { most: number; readonly work: () => Promise<void> } {
  let atWork = 0;
  const count = {
    most: 0,
    async work() {
      atWork += 1;
      count.most = Math.max(count.most, atWork);
      await new Promise(setImmediate);
      atWork -= 1;
    },
  };
  return count;
}

/** The most chunks of so many bytes that were in memory, and that were encrypted, at once. */
async function mostAtOnce(chunks: readonly number[], { admit, inTurn } = admission()) {
  const [admitted, encrypted] = [counted(), counted()];
  await Promise.all(
    chunks.map(
      async (bytes) =>
        await admit(
          bytes,
          async () => await Promise.all([admitted.work(), inTurn(bytes, encrypted.work).then(admitted.work)]),
        ),
    ),
  );
  return [admitted.most, encrypted.most];
}

function times(count: number, chunkBytes: number): readonly number[] {
  return Array.from({ length: count }, () => chunkBytes);
}

describe('into the memory of a sandbox', () => {
  test.each([
    [0, 10, 10],
    [SMALL_BYTES, 10, 10],
    [SMALL_BYTES + 1, 2, 1],
    [PAIRED_BYTES, 2, 1],
    [PAIRED_BYTES + 1, 1, 1],
    [1_073_741_824, 1, 1],
  ])('chunks of %i bytes come by %i, and are encrypted by %i', async (chunkBytes, admitted, encrypted) => {
    expect(await mostAtOnce(times(25, chunkBytes))).toEqual([admitted, encrypted]);
  });

  test('what comes of the work is handed on, be it a failure', async () => {
    const { admit, inTurn } = admission();
    const failure = new Error('x');
    for (const gate of [admit, inTurn])
      for (const bytes of [0, SMALL_BYTES + 1, PAIRED_BYTES + 1]) {
        expect(await gate(bytes, async () => await Promise.resolve('done'))).toBe('done');
        await expect(gate(bytes, async () => await Promise.reject(failure))).rejects.toBe(failure);
      }
  });

  test('chunks come after others that failed, wherever these did', async () => {
    const gates = admission();
    const failing = [SMALL_BYTES + 1, PAIRED_BYTES + 1].flatMap((bytes) => [
      failAt(gates, bytes, 'read'),
      failAt(gates, bytes, 'written'),
      failAt(gates, bytes, 'read'),
    ]);
    expect(await mostAtOnce(times(3, SMALL_BYTES + 1), gates)).toEqual([2, 1]);
    expect(await Promise.all(failing)).toEqual(failing.map(() => 'failed'));
  });

  test('a small chunk waits for no big one', async () => {
    const gates = admission();
    const big = Promise.withResolvers<string>();
    const stuck = [SMALL_BYTES + 1, SMALL_BYTES + 1, PAIRED_BYTES + 1].map(
      async (bytes) => await inMemory(gates, bytes, async () => await big.promise),
    );
    expect(await inMemory(gates, 1, async () => await Promise.resolve('small'))).toBe('small');
    big.resolve('big');
    expect(await Promise.all(stuck)).toEqual(['big', 'big', 'big']);
  });

  test('a big chunk is encrypted while the last one is written, and the one after it waits', async () => {
    const gates = admission();
    const written = Promise.withResolvers<string>();
    const begun: string[] = [];
    const chunk = async (name: string): Promise<string> =>
      await gates.admit(PAIRED_BYTES, async () => {
        await gates.inTurn(PAIRED_BYTES, async () => void (await Promise.resolve(begun.push(name))));
        return await written.promise;
      });
    const chunks = ['first', 'second', 'third'].map(chunk);
    await new Promise(setImmediate);
    expect(begun).toEqual(['first', 'second']);
    written.resolve('written');
    await Promise.all(chunks);
    expect(begun).toEqual(['first', 'second', 'third']);
  });
});

async function inMemory<T>({ admit, inTurn }: Admission, bytes: number, work: () => Promise<T>): Promise<T> {
  return await admit(bytes, async () => await inTurn(bytes, work));
}

async function failAt({ admit, inTurn }: Admission, bytes: number, stage: 'read' | 'written') {
  const work = async (): Promise<void> => {
    await inTurn(bytes, async () => await (stage === 'read' ? fail() : Promise.resolve()));
    await fail();
  };
  return await admit(bytes, work).catch(() => 'failed');
}

async function fail(): Promise<void> {
  return await Promise.reject(new Error('x'));
}
