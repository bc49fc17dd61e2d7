import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { type Kek, kekOf } from '../../../shared/envelope/kms/kek.ts';
import { KmsUnavailableError } from '../../../shared/errors.ts';
import type { Tenant } from '../../../shared/tenant/tenant.ts';
import { hierarchy } from '../../support/branch-keys.ts';
import { cachedKeys } from '../../support/cached-keys.ts';
import { kmsStandIn, type KmsStandIn } from '../../support/kms-stand-in.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { stockDecrypt } from '../../support/stock-sdk.ts';
import { ACME, GLOBEX } from '../../support/tenants.ts';

const KEY = '111111111111:key/mrk-0123456789abcdef0123456789abcdef';
const HOME = `arn:aws:kms:us-east-1:${KEY}`;
const AWAY = `arn:aws:kms:eu-west-1:${KEY}`;
const FAR = `arn:aws:kms:ap-south-1:${KEY}`;
const TENANT: Tenant = { ...ACME, kekArn: HOME, replicaArns: [AWAY, FAR] };

/** The tenant after it gave up its replica, and then changed its KEK. */
const CHANGED: Partial<Tenant> = {
  kekArn: ACME.kekArn,
  replicaArns: [],
  retiredKeks: [
    { kekArn: HOME, replicaArns: [AWAY], branchKeyIds: [] },
    { kekArn: HOME, replicaArns: [], branchKeyIds: [] },
  ],
};

function kmsOfRegions(): KmsStandIn {
  const kms = kmsStandIn();
  const material = randomBytes(32);
  for (const arn of [HOME, AWAY, FAR]) kms.addKey(arn, material);
  kms.addKey(GLOBEX.kekArn);
  kms.addKey(ACME.kekArn);
  return kms;
}

function callsSince(kms: KmsStandIn, since = 0): readonly string[] {
  return kms.calls.slice(since).map(({ operation, keyArn }) => `${operation} ${keyArn.split(':')[3]}`);
}

async function sandboxOf(
  keyMode: Tenant['keyMode'],
): Promise<{ readonly kms: KmsStandIn; readonly kek: Kek }> {
  const kms = kmsOfRegions();
  if (keyMode !== 'hierarchical') return { kms, kek: cachedKeys({}, kms).kek({ ...TENANT, keyMode }) };
  const sandbox = await hierarchy({}, kms);
  const branchKeyId = await sandbox.branchKeys.make(TENANT);
  const kek = kekOf({ ...TENANT, keyMode, branchKeyId, maxKeyAgeSeconds: 0 }, sandbox.keys);
  return { kms, kek };
}

test('a region out of reach is asked last for half a minute, then first again', async () => {
  const { kms, clock, kek } = cachedKeys({}, kmsOfRegions());
  const ofRegions = kek({ ...TENANT, keyMode: 'per-chunk' });
  kms.refuse(HOME, 'TimeoutError');
  await messageOf(ofRegions, randomBytes(10));
  kms.allow(HOME);
  clock.advance(29_999);
  await messageOf(ofRegions, randomBytes(10));
  clock.advance(1);
  await messageOf(ofRegions, randomBytes(10));
  expect(kms.calls.map(({ keyArn }) => keyArn)).toEqual([HOME, AWAY, AWAY, HOME]);
});

describe.each(['per-chunk', 'hierarchical'] as const)('a multi-Region key in keyMode %s', (keyMode) => {
  test('is asked in its own region while that answers', async () => {
    const { kms, kek } = await sandboxOf(keyMode);
    const before = kms.calls.length;
    await decryptWhole(kek, await messageOf(kek, randomBytes(10)), CONTEXT);
    expect(kms.calls.slice(before).map(({ keyArn }) => keyArn)).toEqual([HOME, HOME]);
  });

  test.each(['ThrottlingException', 'KMSInternalException', 'TimeoutError'])(
    'is asked in the next region when its own answers %s, and each region opens what the other made',
    async (outage) => {
      const { kms, kek } = await sandboxOf(keyMode);
      const before = await messageOf(kek, Buffer.from('before'));
      kms.refuse(HOME, outage);
      const since = kms.calls.length;
      expect((await decryptWhole(kek, before, CONTEXT)).toString()).toBe('before');
      expect(callsSince(kms, since)).toEqual(['Decrypt us-east-1', 'Decrypt eu-west-1']);
      const meanwhile = await messageOf(kek, Buffer.from('meanwhile'));
      kms.allow(HOME);
      kms.refuse(AWAY, outage);
      kms.refuse(FAR, outage);
      expect((await decryptWhole(kek, meanwhile, CONTEXT)).toString()).toBe('meanwhile');
    },
  );

  test('that is out of reach in every region is an outage', async () => {
    const { kms, kek } = await sandboxOf(keyMode);
    for (const arn of [HOME, AWAY, FAR]) kms.refuse(arn, 'TimeoutError');
    const since = kms.calls.length;
    await expect(messageOf(kek, randomBytes(10))).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    expect(kms.calls.slice(since).map(({ keyArn }) => keyArn)).toEqual([HOME, AWAY, FAR]);
  });

  test.each([
    ['its own region', HOME, [HOME]],
    ['a replica', AWAY, [HOME, AWAY]],
  ])('that is refused by %s is refused, and no other is asked', async (_, refusing, asked) => {
    const { kms, kek } = await sandboxOf(keyMode);
    kms.refuse(HOME, 'TimeoutError');
    kms.refuse(refusing, 'DisabledException');
    const since = kms.calls.length;
    await expect(messageOf(kek, randomBytes(10))).rejects.toMatchObject({
      code: 'ERR_TENANT_KEY_UNUSABLE',
      kekArn: refusing,
    });
    expect(kms.calls.slice(since).map(({ keyArn }) => keyArn)).toEqual(asked);
  });
});

test('a call that our own rate holds back is not made in another region', async () => {
  const { kms, kek } = cachedKeys({}, kmsOfRegions());
  let held = 0;
  const generateDataKey: KmsStandIn['generateDataKey'] = async (request) => {
    held += 1;
    if (held === 1) throw new KmsUnavailableError('more calls a second than it may make');
    return await kms.generateDataKey(request);
  };
  const limited = kekOf(TENANT, { ...kek().keys, kms: { ...kms, generateDataKey } });
  await expect(messageOf(limited, randomBytes(10))).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
  await messageOf(limited, randomBytes(10));
  expect(kms.calls.map(({ keyArn }) => keyArn)).toEqual([HOME]);
});

test('a key without replicas is asked once', async () => {
  const { kms, kek } = cachedKeys();
  kms.refuse(ACME.kekArn, 'TimeoutError');
  await expect(messageOf(kek({ keyMode: 'per-chunk' }), randomBytes(10))).rejects.toMatchObject({
    code: 'ERR_KMS_UNAVAILABLE',
  });
  expect(kms.calls).toHaveLength(1);
});

test('a replica that the tenant has not named opens nothing', async () => {
  const { kms, kek } = await sandboxOf('per-chunk');
  kms.refuse(HOME, 'TimeoutError');
  const message = await messageOf(kek, randomBytes(10));
  const since = kms.calls.length;
  await expect(decryptWhole({ ...kek, replicaArns: [] }, message, CONTEXT)).rejects.toMatchObject({
    code: 'ERR_AUTHENTICATION_FAILED',
  });
  expect(kms.calls).toHaveLength(since);
});

describe('a replica that the tenant has dropped', () => {
  const dropped = { kekArn: HOME, replicaArns: [AWAY], branchKeyIds: [] };

  /** Makes a message under the replica, and then a sandbox of the changed tenant. */
  async function dropReplica(change: Partial<Tenant>) {
    const sandbox = await sandboxOf('per-chunk');
    sandbox.kms.refuse(HOME, 'TimeoutError');
    const message = await messageOf(sandbox.kek, Buffer.from('x'));
    sandbox.kms.allow(HOME);
    const tenant = { ...TENANT, replicaArns: [FAR], retiredKeks: [dropped], ...change };
    const kek = kekOf(tenant, cachedKeys({}, sandbox.kms).keys, HOME);
    return { ...sandbox, kek, message, since: sandbox.kms.calls.length };
  }

  test.each<[string, Partial<Tenant>]>([
    ['its KEK', { replicaArns: [] }],
    ['its KEK, though that was replaced since', CHANGED],
  ])('leaves what it wrapped readable by %s, and is not asked any more', async (_by, change) => {
    const { kms, kek, message, since } = await dropReplica(change);
    kms.refuse(AWAY, 'DisabledException');
    expect((await decryptWhole(kek, message, CONTEXT)).toString()).toBe('x');
    expect(callsSince(kms, since)).toEqual(['Decrypt us-east-1']);
  });

  test('is not asked though every other region is out of reach: an outage is no refusal', async () => {
    const { kms, kek, message, since } = await dropReplica({});
    for (const arn of [HOME, FAR]) kms.refuse(arn, 'TimeoutError');
    kms.refuse(AWAY, 'DisabledException');
    const outage = { code: 'ERR_KMS_UNAVAILABLE' };
    await expect(decryptWhole(kek, message, CONTEXT)).rejects.toMatchObject(outage);
    await expect(messageOf(kek, randomBytes(10))).rejects.toMatchObject(outage);
    const regions = callsSince(kms, since).map((call) => call.split(' ')[1]);
    expect(new Set(regions)).toEqual(new Set(['us-east-1', 'ap-south-1']));
  });
});

test('a stock Encryption SDK opens what a replica made', async () => {
  const { kms, kek } = await sandboxOf('per-chunk');
  kms.refuse(HOME, 'TimeoutError');
  const message = await messageOf(kek, Buffer.from('x'));
  expect((await stockDecrypt(kms, AWAY, message)).plaintext.toString()).toBe('x');
});
