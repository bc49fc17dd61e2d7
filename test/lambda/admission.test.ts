import { describe, expect, test } from 'vitest';
import { admission } from '../../shared/lambda/admission.ts';

const SMALL_BYTES = 4 * 1_048_576;

/** The most that were at work at once, of `count` chunks of so many bytes. */
async function mostAtOnce(count: number, chunkBytes: number, admit = admission()): Promise<number> {
  let atWork = 0;
  let most = 0;
  await Promise.all(
    Array.from(
      { length: count },
      async () =>
        await admit(chunkBytes, async () => {
          atWork += 1;
          most = Math.max(most, atWork);
          await new Promise(setImmediate);
          atWork -= 1;
        }),
    ),
  );
  return most;
}

describe('into the memory of a sandbox', () => {
  test.each([
    [SMALL_BYTES + 1, 1],
    [67_108_864, 1],
    [SMALL_BYTES, 10],
    [0, 10],
  ])('chunks of %i bytes come by %i', async (chunkBytes, expected) => {
    expect(await mostAtOnce(25, chunkBytes)).toBe(expected);
  });

  test('what comes of the work is handed on, be it a failure', async () => {
    const admit = admission();
    expect(await admit(SMALL_BYTES + 1, async () => await Promise.resolve('done'))).toBe('done');
    const failure = new Error('x');
    await expect(admit(SMALL_BYTES + 1, async () => await Promise.reject(failure))).rejects.toBe(failure);
  });

  test('the next chunk comes after one that failed', async () => {
    const admit = admission();
    const failed = admit(SMALL_BYTES + 1, async () => await Promise.reject(new Error('x'))).catch(
      () => 'failed',
    );
    expect(await mostAtOnce(3, SMALL_BYTES + 1, admit)).toBe(1);
    expect(await failed).toBe('failed');
  });

  test('a small chunk does not wait for a big one', async () => {
    const admit = admission();
    const big = Promise.withResolvers<string>();
    const waiting = admit(SMALL_BYTES + 1, async () => await big.promise);
    expect(await admit(1, async () => await Promise.resolve('small'))).toBe('small');
    big.resolve('big');
    expect(await waiting).toBe('big');
  });
});
