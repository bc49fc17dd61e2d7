/**
 * Reads ranges of messages and objects of random geometry: each is the slice of the whole read. SEALSTREAM_RUNS is the
 * number of ranges of each kind. Default 100.
 */
import * as fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { FRAME_BYTES } from '../../shared/envelope/message/message-size.ts';
import { jobsOf } from '../../shared/object/job.ts';
import { type RangeRead, readRange } from '../../shared/restore/read-range.ts';
import type { KeyMode } from '../../shared/tenant/tenant.ts';
import { cachedKeys } from '../support/cached-keys.ts';
import { messageOf, withBitFlipped } from '../support/messages.ts';
import { fetchedBytes, readPart } from '../support/ranged-message.ts';
import { ACME } from '../support/tenants.ts';
import { NEVER, planned, world } from '../support/world.ts';

const RUNS = Number(process.env['SEALSTREAM_RUNS'] ?? 100);
const keyMode = fc.constantFrom<KeyMode>('per-chunk', 'cached');

/** Sizes and places near the borders of frames, where the arithmetic can go wrong. */
const aroundFrames = fc
  .record({ frames: fc.nat({ max: 3 }), more: fc.integer({ min: -300, max: 300 }) })
  .map(({ frames, more }) => Math.max(0, frames * FRAME_BYTES + more));
const place = fc.oneof(aroundFrames, fc.nat({ max: 3 * FRAME_BYTES }));

test('a range of a message is the slice of the whole, and costs its frames and a header', async () => {
  const sandbox = cachedKeys();
  const content = randomBytes(3 * FRAME_BYTES + 300);
  const modes = fc.record({ made: keyMode, read: keyMode });
  await fc.assert(
    fc.asyncProperty(aroundFrames, place, place, modes, async (bytes, one, other, { made, read }) => {
      const [start, end] = [Math.min(one, other), Math.min(Math.max(one, other) + 1, bytes)];
      fc.pre(start < end);
      const message = await messageOf(sandbox.kek({ keyMode: made }), content.subarray(0, bytes));
      const stored = { message, contentBytes: bytes };
      const outcome = await readPart(sandbox.kek({ keyMode: read }), stored, { start, end });
      expect(outcome.code).toBeUndefined();
      expect(outcome.bytes.equals(content.subarray(start, end))).toBe(true);
      // At most two frames that hold the ends of the range, the first frame for its line, and two headers' room.
      expect(fetchedBytes(outcome)).toBeLessThan(end - start + 3 * (FRAME_BYTES + 32) + 3 * 8_192);
    }),
    { numRuns: RUNS },
  );
});

test('a flipped bit anywhere releases nothing of its frame, and changes nothing of what is released', async () => {
  const sandbox = cachedKeys();
  const content = randomBytes(2 * FRAME_BYTES + 100);
  const messages = {
    'per-chunk': await messageOf(sandbox.kek({ keyMode: 'per-chunk' }), content),
    cached: await messageOf(sandbox.kek(), content),
  };
  const flip = fc.oneof(fc.nat({ max: 8 * 1_000 }), fc.nat({ max: 8 * content.length }));
  const start = fc.constantFrom(0, 1, FRAME_BYTES - 1, FRAME_BYTES, 2 * FRAME_BYTES, 2 * FRAME_BYTES + 99);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('per-chunk', 'cached'), flip, start, async (mode, bit, at) => {
      const message = withBitFlipped(messages[mode], bit);
      const end = Math.min(at + 2, content.length);
      const stored = { message, contentBytes: content.length };
      const { bytes, code } = await readPart(sandbox.kek(), stored, { start: at, end });
      expect(bytes.equals(content.subarray(at, at + bytes.length))).toBe(true);
      expect(bytes.length === end - at).toBe(code === undefined);
    }),
    { numRuns: RUNS },
  );
});

test('a range of an object is the slice of the whole, whatever its chunks', async () => {
  const size = fc.integer({ min: 1, max: 2_000 });
  const wanted = fc.record({ start: fc.nat({ max: 2_000 }), length: fc.integer({ min: 1, max: 2_500 }) });
  await fc.assert(
    fc.asyncProperty(
      size,
      fc.integer({ min: 1, max: 700 }),
      wanted,
      async (bytes, chunkBytes, { start, length }) => {
        fc.pre(start < bytes);
        const ports = world();
        const body = randomBytes(bytes);
        const plan = planned(ports, body, { chunkBytes });
        for (const job of jobsOf(plan, 0)) await encryptJob(JSON.stringify(job), ports, NEVER);
        const range = { start, end: start + length };
        const read = await readRange(
          { tenantId: ACME.tenantId, key: 'report.pdf', range, consume },
          ports,
          NEVER,
        );
        expect(read.equals(body.subarray(start, start + length))).toBe(true);
      },
    ),
    { numRuns: RUNS },
  );
});

async function consume({ content }: RangeRead): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(content));
}
