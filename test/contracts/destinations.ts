import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Destinations } from '../../shared/ports/destinations.ts';
import { NEVER } from '../support/world.ts';

export interface DestinationsWorld {
  readonly destinations: Destinations;
  readonly bucket: string;
  /** Undefined when there is no such object. */
  readonly read: (key: string) => Promise<Uint8Array | undefined>;
}

export function destinationsContract(make: () => DestinationsWorld): void {
  describe('a restored object', () => {
    test.each([0, 1, 100_000])('of %i bytes is written as a whole', async (sizeBytes) => {
      const { destinations, bucket, read } = make();
      const body = randomBytes(sizeBytes);
      const key = `acme/whole-${sizeBytes}`;
      async function* content(): AsyncGenerator<Uint8Array> {
        for (let start = 0; start < body.length; start += 30_000)
          yield await Promise.resolve(body.subarray(start, start + 30_000));
      }
      const attributes = { metadata: {}, tags: {} };
      const object = { destination: { bucket, key }, attributes, sizeBytes, content: content() };
      await destinations.write(object, NEVER);
      expect(Buffer.from((await read(key)) ?? Buffer.from('none')).equals(body)).toBe(true);
    });

    test('whose content fails is not written, and the failure is thrown on', async () => {
      const { destinations, bucket, read } = make();
      const failure = new Error('does not verify');
      async function* content(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(randomBytes(1_000));
        throw failure;
      }
      const attributes = { metadata: {}, tags: {} };
      const destination = { bucket, key: 'acme/half' };
      const written = destinations.write(
        { destination, attributes, sizeBytes: 2_000, content: content() },
        NEVER,
      );
      const thrown: unknown = await written.catch((error: unknown) => error);
      expect([thrown, thrown instanceof Error ? thrown.cause : undefined]).toContain(failure);
      expect(await read('acme/half')).toBeUndefined();
    });
  });
}
