/**
 * AWS promises to deliver notifications and messages at least once, in any order. The pipeline does their work once.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseNotification } from '../../shared/ingest/notification.ts';
import { entryKey } from '../../shared/object/vault-key.ts';
import { ENCRYPT_ROLE } from '../../laptop/names.ts';
import { arm, type ArmedFault } from '../support/armed-fault.ts';
import { type HeldUpload, type HeldUploads, holdUploads } from '../support/held-uploads.ts';
import { CHUNK_BYTES, INLINE_BYTES } from '../support/chunk-bytes.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import {
  expectQuiet,
  expectSealedOnce,
  jobsOfUpload,
  sealedVersion,
  sourceExists,
} from '../support/sealed-once.ts';

/** The time after which an upload without progress is re-driven. */
const STUCK_MS = 3_600_000;
/** Longer than another delivery takes to overtake the request. The sockets of the functions wait for 30 seconds. */
const HELD_MS = 28_000;

let pipeline: Pipeline;
let held: HeldUploads;

beforeAll(async () => {
  pipeline = await startPipeline();
  held = await holdUploads(pipeline);
});
afterEach(async () => await pipeline.clearFaults());
afterAll(async () => await pipeline[Symbol.asyncDispose]());

/** Delivers the messages twice, the second time backwards, all at once. */
async function sendTwice(queue: 'uploads' | 'chunks', bodies: readonly unknown[]): Promise<void> {
  const shuffled = [...bodies, ...bodies.toReversed()];
  await Promise.all(shuffled.map(async (body) => await pipeline.send(queue, body)));
}

/** Holds the next request of that operation and path that `encrypt` makes, until the faults are cleared. */
async function hold(operation: string, match: string): Promise<ArmedFault> {
  const effect = { latencyMs: HELD_MS };
  return await arm(pipeline, {
    service: 's3',
    operation,
    match,
    role: ENCRYPT_ROLE,
    when: 'before',
    effect,
    count: 1,
  });
}

/** @param seals the number of entries that were written under the name. Default: any number */
async function expectNewer(older: HeldUpload, newer: HeldUpload, seals?: number): Promise<void> {
  await expectQuiet(pipeline);
  expect(await sealedVersion(pipeline, newer)).toBe(newer.versionId);
  expect(await sourceExists(pipeline, older)).toBe(false);
  expect(await sourceExists(pipeline, newer)).toBe(false);
  const versions = await pipeline.vaultVersions(entryKey(newer.tenantId, newer.key));
  expect(versions).toHaveLength(seals ?? versions.length);
  expect((await pipeline.restored('acme', newer.key)).equals(newer.content)).toBe(true);
}

describe('redelivery', () => {
  test.each([0, INLINE_BYTES, CHUNK_BYTES, 1_000_000])(
    'seals an upload of %i bytes once, though every message comes twice, out of order and after the seal',
    async (sizeBytes) => {
      const upload = await held.upload('acme', `twice-${sizeBytes}.bin`, randomBytes(sizeBytes));
      await sendTwice('uploads', [upload.notification]);
      const jobs = await jobsOfUpload(pipeline, upload);
      await sendTwice('chunks', jobs);
      await pipeline.sealed(upload);
      await sendTwice('chunks', jobs);
      await sendTwice('uploads', [upload.notification]);
      await expectQuiet(pipeline);
      await expectSealedOnce(pipeline, upload);
      expect(await sourceExists(pipeline, upload)).toBe(false);
    },
  );

  test('seals many uploads of several tenants once, though their messages are shuffled together', async () => {
    const uploads = await Promise.all(
      ['acme', 'globex', 'initech', 'acme', 'globex'].map(
        async (tenant, at) => await held.upload(tenant, `shuffled-${at}.bin`, randomBytes(at * 160_000)),
      ),
    );
    await sendTwice(
      'uploads',
      uploads.map(({ notification }) => notification),
    );
    const jobs = await Promise.all(uploads.map(async (upload) => await jobsOfUpload(pipeline, upload)));
    await sendTwice('chunks', jobs.flat());
    await Promise.all(uploads.map(async (upload) => await pipeline.sealed(upload)));
    await sendTwice('chunks', jobs.flat().toReversed());
    await expectQuiet(pipeline);
    await Promise.all(uploads.map(async (upload) => await expectSealedOnce(pipeline, upload)));
  });

  test('plans every upload of a notification that carries several', async () => {
    const uploads = await Promise.all(
      ['first.bin', 'second.bin'].map(async (key) => await held.upload('globex', key, randomBytes(270_000))),
    );
    const Records = uploads.flatMap(({ notification }) => parseNotification(notification));
    await sendTwice('uploads', [{ Records }]);
    await Promise.all(uploads.map(async (upload) => await pipeline.sealed(upload)));
    await expectQuiet(pipeline);
    await Promise.all(uploads.map(async (upload) => await expectSealedOnce(pipeline, upload)));
  });

  test('rejects nothing when a delivery finds the source gone because another one sealed the object', async () => {
    const upload = await held.upload('acme', 'overtaken.bin', randomBytes(1000));
    const reading = await hold('GetObject', 'ingest/acme/overtaken.bin');
    await held.release(upload);
    await reading.struck();
    for (const job of await jobsOfUpload(pipeline, upload)) await pipeline.send('chunks', job);
    await pipeline.sealed(upload);
    await pipeline.clearFaults();
    await expectQuiet(pipeline);
    await expectSealedOnce(pipeline, upload);
  });
});

describe.each([
  ['a chunked object, then a small one', 270_000, 50_000],
  ['a small object, then a chunked one', 50_000, 270_000],
  ['two small objects', 60_000, 50_000],
])('the same key uploaded twice: %s', (_what, olderBytes, newerBytes) => {
  async function uploadTwice(name: string): Promise<readonly [older: HeldUpload, newer: HeldUpload]> {
    const key = `${olderBytes}-${newerBytes}-${name}`;
    const older = await held.upload('acme', key, randomBytes(olderBytes));
    return [older, await held.upload('acme', key, randomBytes(newerBytes))];
  }

  test('ends with the newer one when both are heard of at once', async () => {
    const [older, newer] = await uploadTwice('at-once.bin');
    await held.release(newer, older, newer, older);
    await Promise.all([pipeline.sealed(older), pipeline.sealed(newer)]);
    // A delivery of a small object that another one wrote meanwhile writes it once more.
    await expectNewer(older, newer);
  });

  test('ends with the newer one when the older one is heard of first', async () => {
    const [older, newer] = await uploadTwice('in-order.bin');
    await held.release(older);
    await pipeline.sealed(older);
    await held.release(newer);
    await pipeline.sealed(newer);
    await expectNewer(older, newer, 2);
  });

  test('ends with the newer one, never replaced, when the older one is heard of last', async () => {
    const [older, newer] = await uploadTwice('late.bin');
    await held.release(newer);
    await pipeline.sealed(newer);
    await held.release(older);
    await pipeline.sealed(older);
    await expectNewer(older, newer, 1);
  });

  test('ends with the newer one when it is sealed while the older one is about to be', async () => {
    const [older, newer] = await uploadTwice('overtaking.bin');
    const sealing = await hold('PutObject', `vault/acme/objects/${older.key}`);
    await held.release(older);
    await sealing.struck();
    await held.release(newer);
    await pipeline.sealed(newer);
    await pipeline.clearFaults();
    await pipeline.sealed(older);
    await expectNewer(older, newer, 1);
  });

  test('ends with the newer one when the older one is sealed while it is about to be', async () => {
    const [older, newer] = await uploadTwice('overtaken-by-old.bin');
    const sealing = await hold('PutObject', `vault/acme/objects/${newer.key}`);
    await held.release(newer);
    await sealing.struck();
    await held.release(older);
    await pipeline.sealed(older);
    await pipeline.clearFaults();
    await pipeline.sealed(newer);
    await expectNewer(older, newer, 2);
  });
});

describe('a notification that never comes', () => {
  test('is made good by the watch: the upload replaces an older one, once, though S3 speaks up after all', async () => {
    const older = await held.upload('acme', 'unheard.bin', randomBytes(10));
    await held.release(older);
    await pipeline.sealed(older);
    // Times order these two, and S3 lists whole seconds.
    await pipeline.advanceClock(10_000);
    const newer = await held.upload('acme', 'unheard.bin', randomBytes(2 * CHUNK_BYTES));
    await pipeline.advanceClock(STUCK_MS);
    await pipeline.client.invoke('watch', {});
    await pipeline.sealedInTime(newer);
    await held.release(newer);
    await expectNewer(older, newer, 2);
  });
});
