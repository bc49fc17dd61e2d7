/**
 * Events that are lost, doubled, out of order or forged, and work that is under way when a key goes: what an event
 * fails to say the functions notice first-hand, or the watch does, and what no account may say changes nothing.
 */
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DeliveryMode } from '../../local/eventbridge/dispatch.ts';
import { EVENT_BUS_ARN, REGION, RESTORE_BUCKET, RESTORE_ROLE } from '../../laptop/names.ts';
import { chunkKey } from '../../shared/object/vault-key.ts';
import { arm } from '../support/armed-fault.ts';
import { LAST_OF_PARTS, PARTS_BYTES } from '../support/chunk-bytes.ts';
import { functionLines } from '../support/function-lines.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { expectQuiet } from '../support/sealed-once.ts';
import { type TenantHand, tenantHands } from '../support/tenant-hand.ts';
import { CHUNKS, expectComesBack, upload, uploadParked, uploadSealed } from '../support/waiting-upload.ts';

/** CloudTrail counts whole seconds, and of two events in the same one the disabling wins. */
const NEXT_SECOND_MS = 1000;
/** Longer than any test of a restore may take, and shorter than the 30 seconds that the sockets of the functions wait. */
const HELD_MS = 28_000;

let pipeline: Pipeline;
let acme: TenantHand;
let globex: TenantHand;
let initech: TenantHand;
let umbrella: TenantHand;

beforeAll(async () => {
  pipeline = await startPipeline();
  ({ acme, globex, initech, umbrella } = tenantHands(pipeline));
});
afterEach(async () => {
  await pipeline.clearFaults();
  await deliver('normal');
});
afterAll(async () => await pipeline[Symbol.asyncDispose]());

describe('events that are forged', () => {
  test('cannot be put in the name of KMS, and others the bus does not take', async () => {
    const events = new EventBridgeClient(pipeline.identity(globex.accountId));
    const forged = {
      EventBusName: EVENT_BUS_ARN,
      DetailType: 'AWS API Call via CloudTrail',
      Detail: JSON.stringify({ eventName: 'DisableKey', requestParameters: { keyId: await acme.kekArn() } }),
    };
    const { Entries } = await events.send(
      new PutEventsCommand({ Entries: [{ ...forged, Source: 'aws.kms' }] }),
    );
    expect(Entries).toMatchObject([{ ErrorCode: 'NotAuthorizedForSourceException' }]);
    const put = new PutEventsCommand({ Entries: [{ ...forged, Source: 'acme' }] });
    await expect(events.send(put)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test("of another account's calls on a tenant's key, or on keys that are nobody's, change nothing", async () => {
    // Its rule forwards everything of KMS in its account.
    const stray = await umbrella.createKey('AWS_KMS');
    const before = (await functionLines(pipeline.local.dataDir, 'key event')).length;
    const refused = umbrella.kms.send(new DisableKeyCommand({ KeyId: await acme.kekArn() }));
    await expect(refused).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await umbrella.kms.send(new DisableKeyCommand({ KeyId: stray }));
    await umbrella.kms.send(new CreateKeyCommand({ Description: await acme.kekArn() }));
    // Last, so that what came before it has been delivered. Of a key that is made the rule does not tell.
    await umbrella.kms.send(new EnableKeyCommand({ KeyId: stray }));
    await pipeline.until(
      async () => (await functionLines(pipeline.local.dataDir, 'key event')).length === before + 3,
    );
    const outcomes = (await functionLines(pipeline.local.dataDir, 'key event')).slice(before);
    const told = outcomes.map(({ outcome, reason }) => `${String(outcome)}: ${String(reason)}`);
    expect(told.toSorted()).toEqual([
      'ignored: call-refused',
      'ignored: unknown-key',
      'ignored: unknown-key',
    ]);
    expect(await acme.record()).toMatchObject({ status: 'active', epoch: 1 });
  });
});

describe('events that are lost', () => {
  test('are made good by the first refusal of KMS, and by the watch when the key is back', async () => {
    await deliver('lose');
    await pipeline.disableKey('acme');
    const waiting = await uploadParked(pipeline, acme, 'waits unheard');
    expect(await acme.record()).toMatchObject({
      status: 'revoked',
      epoch: 2,
      signal: { name: 'ERR_TENANT_KEY_UNUSABLE' },
    });
    await pipeline.enableKey('acme');
    expect((await acme.becomes('active', { step: true })).signal.name).toBe('probe');
    await expectComesBack(pipeline, acme, waiting);
  });

  test('are noticed by the watch though nobody uses the key', async () => {
    await deliver('lose');
    await initech.lockUsOut();
    await pipeline.client.invoke('watch', {});
    expect(await initech.record()).toMatchObject({
      status: 'revoked',
      signal: { name: 'ERR_TENANT_KEY_DENIED' },
    });
    await initech.letUsIn();
    await initech.becomes('active', { step: true });
  });

  test('are not needed for a tenant whose key does not exist: its work waits', async () => {
    await umbrella.register(`arn:aws:kms:${REGION}:${umbrella.accountId}:key/${randomUUID()}`);
    await uploadParked(pipeline, umbrella, 'waits for a key');
    expect((await umbrella.record()).status).toBe('revoked');
  });
});

describe('events that come twice or out of order', () => {
  test('revoke once, and end as the key is', async () => {
    await deliver('double');
    const { epoch } = await acme.record();
    await pipeline.disableKey('acme');
    await acme.becomes('revoked');
    const waiting = await uploadParked(pipeline, acme, 'waits for the double');
    await pipeline.advanceClock(NEXT_SECOND_MS);
    await pipeline.enableKey('acme');
    await acme.becomes('active');
    await expectComesBack(pipeline, acme, waiting);
    expect((await acme.record()).epoch).toBe(epoch + 2);
  });

  test('end as the key is, though the key was enabled before we heard that it was disabled', async () => {
    await deliver('reorder');
    await pipeline.disableKey('acme');
    await pipeline.advanceClock(NEXT_SECOND_MS);
    const heard = (await functionLines(pipeline.local.dataDir, 'key event')).length;
    await pipeline.enableKey('acme');
    await pipeline.until(
      async () => (await functionLines(pipeline.local.dataDir, 'key event')).length > heard,
    );
    await deliver('normal');
    await acme.becomes('revoked');
    expect((await acme.becomes('active', { step: true })).signal.name).toBe('probe');
    await expectComesBack(pipeline, acme, await upload(pipeline, acme, 'after the disorder'));
  });
});

describe('work that is under way when the key goes', () => {
  test('a restore ends at once, and nothing of it is at its destination', async () => {
    const content = randomBytes(PARTS_BYTES);
    const { objectId, tenantId } = await sealed(globex, 'parts', content);
    const late = await arm(pipeline, {
      service: 's3',
      operation: 'GetObject',
      role: RESTORE_ROLE,
      match: chunkKey(tenantId, objectId, LAST_OF_PARTS),
      when: 'before',
      effect: { latencyMs: HELD_MS },
      count: 1,
    });
    const startedMs = performance.now();
    const restoring = Promise.allSettled([pipeline.client.restore({ tenantId, key: 'parts' })]);
    await late.struck();
    await pipeline.disableKey('globex');
    const reason = expect.objectContaining({ code: 'ERR_TENANT_REVOKED' });
    expect(await restoring).toEqual([{ status: 'rejected', reason }]);
    expect(performance.now() - startedMs).toBeLessThan(HELD_MS);
    expect(await pipeline.exists(RESTORE_BUCKET, 'globex/parts')).toBe(false);
    const { Uploads = [] } = await pipeline.s3.send(
      new ListMultipartUploadsCommand({ Bucket: RESTORE_BUCKET }),
    );
    expect(Uploads).toEqual([]);

    await pipeline.advanceClock(NEXT_SECOND_MS);
    await pipeline.enableKey('globex');
    await globex.becomes('active');
    expect((await pipeline.restored(tenantId, 'parts')).equals(content)).toBe(true);
  });

  test('a cached key is not used again, though KMS would still give it out', async () => {
    await globex.setKeyMode({ keyMode: 'cached', maxKeyAgeSeconds: 3600 });
    await uploadSealed(pipeline, globex, 'fetches the key');
    await uploadSealed(pipeline, globex, 'finds it cached');
    expect((await keyUses('globex')).some(({ cached }) => cached === true)).toBe(true);
    await pipeline.local.tell('POST', 'kms/propagation', { seconds: 60 });
    await pipeline.disableKey('globex');
    await globex.becomes('revoked');
    const used = (await keyUses('globex')).length;
    const waiting = await uploadParked(pipeline, globex, 'finds it gone');
    expect(await keyUses('globex')).toHaveLength(used);

    await pipeline.local.tell('POST', 'kms/propagation', { seconds: 0 });
    await pipeline.advanceClock(NEXT_SECOND_MS);
    await pipeline.enableKey('globex');
    await globex.becomes('active');
    await expectComesBack(pipeline, globex, waiting);
  });
});

test('after all that, nothing is left on the queues, in the DLQs or among the rejections', async () => {
  await expectQuiet(pipeline);
  expect(await pipeline.depth('events-dlq')).toBe(0);
  expect(await umbrella.parked()).toHaveLength(CHUNKS);
});

async function deliver(mode: DeliveryMode): Promise<void> {
  await pipeline.local.tell('POST', 'events/delivery', { mode });
}

async function sealed({ tenantId }: TenantHand, key: string, content: Buffer) {
  const uploaded = await pipeline.client.upload(tenantId, key, content);
  await pipeline.sealed(uploaded);
  return uploaded;
}

async function keyUses(tenant: string): ReturnType<typeof functionLines> {
  return (await functionLines(pipeline.local.dataDir, 'key used')).filter(
    ({ tenantId }) => tenantId === tenant,
  );
}
