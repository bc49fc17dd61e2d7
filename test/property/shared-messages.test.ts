import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { chunkContext, type EncryptionContext, manifestContext } from '../../shared/object/context.ts';
import { decrypt } from '../../shared/envelope/message/decrypt.ts';
import { cachedKeys, CACHED_ACME, CACHED_GLOBEX } from '../support/cached-keys.ts';
import { drained, inPieces } from '../support/content.ts';
import { messageOf, withBitFlipped } from '../support/messages.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';

const REFUSED = ['ERR_AUTHENTICATION_FAILED', 'ERR_CONTEXT_MISMATCH'];

/** A place in the vault: a chunk, or a manifest when the index is -1. */
const place = fc.record({
  tenant: fc.constantFrom(CACHED_ACME, CACHED_GLOBEX),
  version: fc.constantFrom('v1', 'v2'),
  index: fc.integer({ min: -1, max: 3 }),
});
type Place = typeof place extends fc.Arbitrary<infer Value> ? Value : never;

const keyMode = fc.constantFrom<Tenant['keyMode']>('per-chunk', 'cached');

function contextOf({ tenant: { tenantId }, version, index }: Place): EncryptionContext {
  const objectId = objectIdOf('ingest', `${tenantId}/report.pdf`, version);
  if (index < 0) return manifestContext(tenantId, objectId);
  return chunkContext({ tenantId, objectId, chunkCount: 4 }, index);
}

test('in whatever key modes, a message opens in its own place and in no other', async () => {
  const sandbox = cachedKeys({ maxMessages: 5 });
  const content = fc.uint8Array({ maxLength: 2_000 });
  await fc.assert(
    fc.asyncProperty(
      fc.record({ made: place, read: place }),
      fc.record({ made: keyMode, read: keyMode }),
      content,
      async ({ made, read }, { made: makes, read: reads }, bytes) => {
        const message = await messageOf(
          sandbox.kek({ ...made.tenant, keyMode: makes }),
          bytes,
          contextOf(made),
        );
        const reader = sandbox.kek({ ...read.tenant, keyMode: reads });
        const own = sandbox.kek({ ...made.tenant, keyMode: reads });
        expect(await drained(decrypt(own, { content: [message] }, contextOf(made)))).toEqual({
          bytes: Buffer.from(bytes),
          code: undefined,
        });
        const isElsewhere =
          made.tenant !== read.tenant || made.version !== read.version || made.index !== read.index;
        fc.pre(isElsewhere);
        const outcome = await drained(decrypt(reader, { content: inPieces(message, 700) }, contextOf(read)));
        expect(outcome).toEqual({ bytes: Buffer.alloc(0), code: 'ERR_CONTEXT_MISMATCH' });
      },
    ),
    { numRuns: 100 },
  );
});

test('a message of a shared DEK with any bit flipped is refused, also when the DEK is in the cache', async () => {
  const { kek } = cachedKeys();
  const made: Place = { tenant: CACHED_ACME, version: 'v1', index: 0 };
  const message = await messageOf(kek(), Buffer.from('every bit of it is authenticated'), contextOf(made));
  expect((await drained(decrypt(kek(), { content: [message] }, contextOf(made)))).code).toBeUndefined();
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 8 * message.length - 1 }), async (bit) => {
      const { bytes, code } = await drained(
        decrypt(kek(), { content: [withBitFlipped(message, bit)] }, contextOf(made)),
      );
      expect(REFUSED).toContain(code);
      expect(bytes).toHaveLength(0);
    }),
    { numRuns: 200 },
  );
});
