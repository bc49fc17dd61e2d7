/**
 * A tenant presses its red button, in every way there is, and its account tells us: work stops and waits, nobody
 * else notices, and when the key is back everything goes on by itself.
 */
import {
  CancelKeyDeletionCommand,
  DeleteImportedKeyMaterialCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importMaterial } from '../support/imported-material.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { expectQuiet } from '../support/sealed-once.ts';
import { type TenantHand, tenantHands } from '../support/tenant-hand.ts';
import { expectComesBack, uploadParked, uploadSealed } from '../support/waiting-upload.ts';

/** CloudTrail counts whole seconds, and of two events in the same one the disabling wins. */
const NEXT_SECOND_MS = 1000;
const HOUR_MS = 3_600_000;

let pipeline: Pipeline;
let acme: TenantHand;
let globex: TenantHand;
let initech: TenantHand;
let umbrella: TenantHand;

beforeAll(async () => {
  pipeline = await startPipeline();
  ({ acme, globex, initech, umbrella } = tenantHands(pipeline));
});
afterAll(async () => await pipeline[Symbol.asyncDispose]());

describe('a disabled key', () => {
  test('revokes its tenant, whose work waits in the state table while the others go on', async () => {
    const earlier = await uploadSealed(pipeline, acme, 'earlier');
    await pipeline.disableKey('acme');
    expect(await acme.becomes('revoked')).toMatchObject({ epoch: 2, signal: { name: 'DisableKey' } });
    const waiting = await uploadParked(pipeline, acme, 'waits');
    expect(await pipeline.depth('chunks')).toBe(0);
    const request = { tenantId: 'acme', key: 'earlier' };
    await expect(pipeline.client.restore(request)).rejects.toMatchObject({ code: 'ERR_TENANT_REVOKED' });
    const other = await uploadSealed(pipeline, globex, 'meanwhile');
    expect((await pipeline.restored('globex', other.key)).equals(other.content)).toBe(true);

    await pipeline.advanceClock(NEXT_SECOND_MS);
    await pipeline.enableKey('acme');
    expect(await acme.becomes('active')).toMatchObject({ epoch: 3, signal: { name: 'EnableKey' } });
    await expectComesBack(pipeline, acme, waiting);
    expect((await pipeline.restored('acme', earlier.key)).equals(earlier.content)).toBe(true);
  });
});

describe('a key to be deleted', () => {
  test('revokes its tenant, and stays disabled after the deletion is cancelled, until it is enabled', async () => {
    const { kekArn: KeyId } = await initech.record();
    await initech.kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    const { signal } = await initech.becomes('revoked');
    expect(signal.name).toBe('ScheduleKeyDeletion');
    const waiting = await uploadParked(pipeline, initech, 'waits for the deletion');

    await pipeline.advanceClock(NEXT_SECOND_MS);
    await initech.kms.send(new CancelKeyDeletionCommand({ KeyId }));
    await pipeline.advanceClock(NEXT_SECOND_MS);
    expect((await initech.record()).status).toBe('revoked');
    await pipeline.enableKey('initech');
    await initech.becomes('active');
    await expectComesBack(pipeline, initech, waiting);
  });
});

describe('a key policy without us', () => {
  test('revokes its tenant; with us again, the watch finds out', async () => {
    await initech.lockUsOut();
    const { signal } = await initech.becomes('revoked');
    expect(signal.name).toBe('PutKeyPolicy');
    const waiting = await uploadParked(pipeline, initech, 'waits for the policy');

    await initech.letUsIn();
    expect((await initech.becomes('active', { step: true })).signal.name).toBe('probe');
    await expectComesBack(pipeline, initech, waiting);
  });
});

describe('imported key material', () => {
  const material = randomBytes(32);
  let KeyId: string;
  beforeAll(async () => {
    KeyId = await umbrella.createKey('EXTERNAL');
    await importMaterial(umbrella.kms, KeyId, { material });
    await umbrella.register(KeyId);
  });

  test('that is deleted revokes its tenant, and brings it back when it is imported again', async () => {
    await umbrella.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
    const { signal } = await umbrella.becomes('revoked');
    expect(signal.name).toBe('DeleteImportedKeyMaterial');
    const waiting = await uploadParked(pipeline, umbrella, 'waits for the material');

    await pipeline.advanceClock(NEXT_SECOND_MS);
    const inAnHour = new Date((await pipeline.nowMs()) + HOUR_MS);
    await importMaterial(umbrella.kms, KeyId, { material, validTo: inAnHour });
    await umbrella.becomes('active');
    await expectComesBack(pipeline, umbrella, waiting);
  });

  test('that expires does the same', async () => {
    await pipeline.advanceClock(HOUR_MS + NEXT_SECOND_MS);
    expect((await umbrella.becomes('revoked')).epoch).toBe(4);
    const waiting = await uploadParked(pipeline, umbrella, 'waits for more time');

    await pipeline.advanceClock(NEXT_SECOND_MS);
    await importMaterial(umbrella.kms, KeyId, { material });
    await umbrella.becomes('active');
    await expectComesBack(pipeline, umbrella, waiting);
  });
});

describe('after all that', () => {
  test('nobody has noticed who had nothing to do with it', async () => {
    expect(await globex.record()).toMatchObject({ status: 'active', epoch: 1 });
  });

  test('nothing is left on the queues, in the DLQs or among the rejections', async () => {
    await expectQuiet(pipeline);
    expect(await pipeline.depth('events-dlq')).toBe(0);
  });
});
