/**
 * Ways in which a key that is gone may pass for one that works: KMS and DescribeKey lag, replicas are mixed up, a key
 * is disabled while it is proven, a region's KMS does not know the question. And ways in which a key that is back is
 * kept waiting.
 */
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { CONTROL_ROLE, ENCRYPT_ROLE, EVENT_BUS_ARN, REGION, ROLE_ARNS } from '../../laptop/names.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { arm } from '../support/armed-fault.ts';
import { functionLines } from '../support/function-lines.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { type TenantHand, tenantHands } from '../support/tenant-hand.ts';
import { expectComesBack, uploadParked, uploadSealed } from '../support/waiting-upload.ts';

/** CloudTrail counts whole seconds, and of two events in the same one the disabling wins. */
const NEXT_SECOND_MS = 1000;
const AWAY = 'eu-west-1';
/** A time that is longer than any test takes. */
const LAG_SECONDS = 3600;

const judgedSchema = z.object({
  status: z.string(),
  findings: z.array(z.object({ check: z.string(), ok: z.boolean(), message: z.string() })),
});

let pipeline: Pipeline;
let acme: TenantHand;
let globex: TenantHand;
let initech: TenantHand;
let umbrella: TenantHand;

beforeAll(async () => {
  // One sandbox of each function: what it caches is what the next restore finds.
  pipeline = await startPipeline({ sandboxes: 1 });
  ({ acme, globex, initech, umbrella } = tenantHands(pipeline));
});
afterEach(async () => {
  await pipeline.clearFaults();
  await lag(0);
  await pipeline.local.tell('POST', 'events/delivery', { mode: 'normal' });
});
afterAll(async () => await pipeline[Symbol.asyncDispose]());

/** KMS goes on answering as before the last changes, DescribeKey too. */
async function lag(seconds: number): Promise<void> {
  await pipeline.local.tell('POST', 'kms/propagation', { seconds, describe: true });
}

/** Does something to a key in a second of its own, and waits until `revoke` has dealt with its event. */
async function heard(change: () => Promise<unknown>): Promise<void> {
  await pipeline.advanceClock(NEXT_SECOND_MS);
  const before = (await functionLines(pipeline.local.dataDir, 'key event')).length;
  await change();
  await pipeline.until(
    async () => (await functionLines(pipeline.local.dataDir, 'key event')).length > before,
  );
}

async function onboard(request: object): Promise<z.infer<typeof judgedSchema>> {
  return judgedSchema.parse(await pipeline.client.invoke('onboard', request));
}

function faults({ findings }: z.infer<typeof judgedSchema>): readonly string[] {
  return findings.filter(({ ok, check }) => !ok && check !== 'events').map(({ message }) => message);
}

/** Makes KMS give this answer to this question of a control function. */
async function answers(operation: string, match: string, code: string): Promise<void> {
  const error = { code, status: 400 };
  const where = { service: 'kms', operation, match, role: CONTROL_ROLE };
  await pipeline.fault({ ...where, when: 'before', effect: { error } });
}

describe('two replicas, both disabled, while KMS and DescribeKey say that both work', () => {
  let kekArn: string;
  let away: KMSClient;

  beforeAll(async () => {
    const { tenantId, accountId: tenantAccountId } = umbrella;
    const identity = { ...pipeline.identity(tenantAccountId), region: AWAY };
    away = new KMSClient(identity);
    const Policy = JSON.stringify(keyPolicy({ tenantId, tenantAccountId, ...ROLE_ARNS }));
    // Forwards the events of its account in this region, as the next lines do in the other one.
    await umbrella.createKey('AWS_KMS');
    const events = new EventBridgeClient(identity);
    const Name = 'everything-of-kms';
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: ['aws.kms'] }) }));
    await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'isv', Arn: EVENT_BUS_ARN }] }));
    const { KeyMetadata } = await umbrella.kms.send(new CreateKeyCommand({ Policy, MultiRegion: true }));
    kekArn = KeyMetadata?.Arn ?? '';
    await umbrella.kms.send(new ReplicateKeyCommand({ KeyId: kekArn, ReplicaRegion: AWAY, Policy }));
    const replicaArns = [kekArn.replace(REGION, AWAY)];
    await onboard({ action: 'add', tenantId, kekArn, replicaArns });
    await umbrella.becomes('active');
  });

  test('stay revoked when one is enabled, and come back at once when the other is', async () => {
    await lag(LAG_SECONDS);
    const replica = { KeyId: kekArn.replace(REGION, AWAY) };
    await heard(async () => await umbrella.kms.send(new DisableKeyCommand({ KeyId: kekArn })));
    await umbrella.becomes('revoked');
    await heard(async () => await away.send(new DisableKeyCommand(replica)));
    const waiting = await uploadParked(pipeline, umbrella, 'waits for both');
    await heard(async () => await umbrella.kms.send(new EnableKeyCommand({ KeyId: kekArn })));
    expect((await umbrella.record()).status).toBe('revoked');
    await heard(async () => await away.send(new EnableKeyCommand(replica)));
    await umbrella.becomes('active');
    await expectComesBack(pipeline, umbrella, waiting);
  });
});

describe('a key disabled, scheduled for deletion, cancelled and enabled', () => {
  test('is back as fast as one that was only disabled: no clock is pushed on for minutes', async () => {
    const { kekArn: KeyId } = await acme.record();
    await heard(async () => await acme.kms.send(new DisableKeyCommand({ KeyId })));
    await heard(async () => await acme.kms.send(new ScheduleKeyDeletionCommand({ KeyId })));
    await heard(async () => await acme.kms.send(new CancelKeyDeletionCommand({ KeyId })));
    expect((await acme.record()).status).toBe('revoked');
    await heard(async () => await acme.kms.send(new EnableKeyCommand({ KeyId })));
    expect((await acme.becomes('active')).signal).toMatchObject({ name: 'EnableKey', kekArn: KeyId });
  });
});

describe('a key that is disabled while it is proven', () => {
  test('is not the active key of a new tenant, however often it is asked for while KMS lags', async () => {
    const tenantId = 'umbrella-two';
    const policy = keyPolicy({ tenantId, tenantAccountId: umbrella.accountId, ...ROLE_ARNS });
    const created = await umbrella.kms.send(new CreateKeyCommand({ Policy: JSON.stringify(policy) }));
    const KeyId = created.KeyMetadata?.Arn ?? '';
    const add = { action: 'add', tenantId, kekArn: KeyId };
    await lag(LAG_SECONDS);
    const error = { code: 'ThrottlingException', status: 400 };
    const where = { service: 'kms', operation: 'DescribeKey', role: CONTROL_ROLE, match: KeyId } as const;
    const asked = await arm(pipeline, { ...where, when: 'before', effect: { error } });
    // It may give up before KMS answers again; whoever asked asks again then.
    const adding = onboard(add).catch(async () => await onboard(add));
    await asked.struck();
    await heard(async () => await umbrella.kms.send(new DisableKeyCommand({ KeyId })));
    await pipeline.clearFaults();
    const judged = [await adding, await onboard(add)];
    expect(judged.map(({ status }) => status)).toEqual(['pending', 'pending']);
    expect(judged.flatMap(faults).every((message) => message.includes('DisableKey of'))).toBe(true);
    await heard(async () => await umbrella.kms.send(new EnableKeyCommand({ KeyId })));
    expect((await onboard(add)).status).toBe('active');
  });

  test('is not what a tenant changes over to', async () => {
    const { kekArn: before } = await globex.record();
    const KeyId = await globex.createKey('AWS_KMS');
    const change = { action: 'change-key', tenantId: 'globex', kekArn: KeyId };
    await lag(LAG_SECONDS);
    await heard(async () => await globex.kms.send(new DisableKeyCommand({ KeyId })));
    expect(faults(await onboard(change))).toEqual([expect.stringContaining('DisableKey of')]);
    expect(await globex.record()).toMatchObject({ status: 'active', kekArn: before });
    await heard(async () => await globex.kms.send(new EnableKeyCommand({ KeyId })));
    expect(faults(await onboard(change))).toEqual([]);
    expect(await globex.record()).toMatchObject({ status: 'active', kekArn: KeyId });
  });
});

describe('a region whose KMS does not know how to be asked without a ciphertext', () => {
  test('revokes nobody, is reported, and is asked in a second way, which finds a disabled key', async () => {
    const { epoch, kekArn } = await acme.record();
    await answers('Decrypt', 'IGNORE_CIPHERTEXT', 'ValidationException');
    await pipeline.client.invoke('watch', {});
    expect(await acme.record()).toMatchObject({ status: 'active', epoch, probeCiphertexts: [{ kekArn }] });
    const reported = { tenantId: 'acme', code: 'ERR_KMS_UNAVAILABLE' };
    expect(await functionLines(pipeline.local.dataDir, 'watch: unreachable')).toContainEqual(
      expect.objectContaining(reported),
    );
    await pipeline.client.invoke('watch', {});
    expect(await functionLines(pipeline.local.dataDir, 'watch: unclear')).toContainEqual(
      expect.objectContaining(reported),
    );
    expect(await acme.record()).toMatchObject({ status: 'active', epoch });

    // Nothing but the second way tells: no event arrives, and neither of the other questions is understood.
    await pipeline.local.tell('POST', 'events/delivery', { mode: 'lose' });
    await answers('DescribeKey', kekArn, 'ValidationException');
    await answers('GenerateDataKey', '"DryRun":true', 'ValidationException');
    await pipeline.disableKey('acme');
    await pipeline.client.invoke('watch', {});
    const reason = { name: 'ERR_TENANT_KEY_UNUSABLE', kekArn };
    expect(await acme.record()).toMatchObject({ status: 'revoked', signal: { reasons: [reason] } });
  });

  test('takes tenants in all the same, and no key that it would let us use for anybody', async () => {
    await answers('Decrypt', 'IGNORE_CIPHERTEXT', 'ValidationException');
    await answers('ReEncrypt', 'IGNORE_CIPHERTEXT', 'ValidationException');
    const tenantId = 'umbrella-three';
    const policy = keyPolicy({ tenantId, tenantAccountId: umbrella.accountId, ...ROLE_ARNS });
    const unbound = policy.Statement.map((statement) =>
      statement.Action === 'kms:Decrypt' ? { ...statement, Condition: undefined } : statement,
    );
    async function added(Statement: readonly object[]): Promise<z.infer<typeof judgedSchema>> {
      const Policy = JSON.stringify({ ...policy, Statement });
      const { KeyMetadata } = await umbrella.kms.send(new CreateKeyCommand({ Policy }));
      return await onboard({ action: 'add', tenantId, kekArn: KeyMetadata?.Arn });
    }
    expect(faults(await added(unbound))).toEqual([expect.stringContaining('kms:Decrypt under any tenant')]);
    expect(await added(policy.Statement)).toMatchObject({ status: 'active' });
  });

  test('does not revoke first-hand either: the work is tried again', async () => {
    const { epoch } = await globex.record();
    const error = { code: 'ValidationException', status: 400 };
    const where = { service: 'kms', operation: 'GenerateDataKey', role: ENCRYPT_ROLE } as const;
    await arm(pipeline, { ...where, when: 'before', effect: { error }, count: 1 });
    await uploadSealed(pipeline, globex, 'tried again');
    expect(await globex.record()).toMatchObject({ status: 'active', epoch });
  });
});

describe('a retired KEK that KMS refuses', () => {
  test('leaves the cached keys of the present one in use', async () => {
    await initech.setKeyMode({ keyMode: 'cached', maxKeyAgeSeconds: 3600 });
    const [old, present] = ['under the old key', 'under the present key'];
    await uploadSealed(pipeline, initech, old);
    const retired = await initech.kekArn();
    const kekArn = await initech.createKey('AWS_KMS');
    expect(faults(await onboard({ action: 'change-key', tenantId: 'initech', kekArn }))).toEqual([]);
    const { objectId } = await uploadSealed(pipeline, initech, present);
    await pipeline.restored('initech', present);
    await pipeline.local.tell('POST', 'events/delivery', { mode: 'lose' });
    await initech.kms.send(new DisableKeyCommand({ KeyId: retired }));
    await expect(pipeline.restored('initech', old)).rejects.toMatchObject({
      code: 'ERR_TENANT_KEY_UNUSABLE',
    });
    const opened = { objectId, operation: 'decrypt' };
    const before = (await functionLines(pipeline.local.dataDir, 'key used')).length;
    await pipeline.restored('initech', present);
    const uses = (await functionLines(pipeline.local.dataDir, 'key used')).slice(before);
    expect(uses.length).toBeGreaterThan(0);
    for (const use of uses) expect(use).toMatchObject({ ...opened, cached: true });
    expect((await initech.record()).status).toBe('active');
  });
});

test('what is left behind is nothing that anybody has to look at', async () => {
  const bytes = randomBytes(10);
  const uploaded = await pipeline.client.upload('globex', 'after all that', bytes);
  await pipeline.sealed(uploaded);
  expect(await pipeline.rejections()).toEqual([]);
  expect(await pipeline.depth('events-dlq')).toBe(0);
});
