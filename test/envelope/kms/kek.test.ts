import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { kekOf } from '../../../shared/envelope/kms/kek.ts';
import type { Tenant } from '../../../shared/tenant/tenant.ts';
import { hierarchy } from '../../support/branch-keys.ts';
import { cachedKeys } from '../../support/cached-keys.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { ACME } from '../../support/tenants.ts';

const NEW_ARN = 'arn:aws:kms:us-east-1:111111111111:key/00000000-0000-4000-8000-000000000001';
/** Acme after its KEK was changed. */
const CHANGED: Tenant = {
  ...ACME,
  kekArn: NEW_ARN,
  retiredKeks: [{ kekArn: ACME.kekArn, replicaArns: [], branchKeyIds: ['acme.old'] }],
  branchKeyId: 'acme.new',
  customKeyStore: true,
};

describe('a KEK that was replaced', () => {
  test('alone opens the messages that it wrapped, and alone makes the messages planned under it', async () => {
    const { keys, kms } = cachedKeys();
    kms.addKey(NEW_ARN);
    const message = await messageOf(kekOf(ACME, keys), Buffer.from('x'));
    const retired = kekOf(CHANGED, keys, ACME.kekArn);
    expect((await decryptWhole(retired, message, CONTEXT)).toString()).toBe('x');
    await decryptWhole(kekOf(ACME, keys), await messageOf(retired, randomBytes(10)), CONTEXT);
    expect(kms.calls.every(({ keyArn }) => keyArn === ACME.kekArn)).toBe(true);
  });

  test('opens no message of its successor, and the successor opens none of its messages', async () => {
    const { keys, kms } = cachedKeys();
    kms.addKey(NEW_ARN);
    const retired = kekOf(CHANGED, keys, ACME.kekArn);
    const current = kekOf(CHANGED, keys);
    const messages = [
      await messageOf(retired, randomBytes(10)),
      await messageOf(current, randomBytes(10)),
    ] as const;
    const asked = kms.calls.length;
    for (const [kek, message] of [
      [current, messages[0]],
      [retired, messages[1]],
    ] as const)
      await expect(decryptWhole(kek, message, CONTEXT)).rejects.toMatchObject({
        code: 'ERR_AUTHENTICATION_FAILED',
      });
    expect(kms.calls).toHaveLength(asked);
  });

  test('is named in the error when KMS refuses it', async () => {
    const { keys, kms } = cachedKeys();
    kms.refuse(ACME.kekArn, 'NotFoundException');
    await expect(messageOf(kekOf(CHANGED, keys, ACME.kekArn), randomBytes(10))).rejects.toMatchObject({
      disposition: 'park',
      kekArn: ACME.kekArn,
    });
  });

  test('keeps its branch keys readable', async () => {
    const { keys, kms, kek, acme, branchKeys } = await hierarchy();
    kms.addKey(NEW_ARN);
    const message = await messageOf(kek(), Buffer.from('x'));
    const branchKeyId = await branchKeys.make({ tenantId: acme.tenantId, kekArn: NEW_ARN });
    const retiredKeks = [{ kekArn: ACME.kekArn, replicaArns: [], branchKeyIds: [acme.branchKeyId ?? ''] }];
    const changed: Tenant = { ...acme, kekArn: NEW_ARN, branchKeyId, retiredKeks };
    expect((await decryptWhole(kekOf(changed, keys, ACME.kekArn), message, CONTEXT)).toString()).toBe('x');
    await messageOf(kekOf(changed, keys), randomBytes(10));
    expect(kms.calls.at(-1)).toMatchObject({ operation: 'Decrypt', keyArn: NEW_ARN });
  });
});

test('a KEK has the branch keys of its own time; only the current one is in the custom key store', () => {
  const { keys } = cachedKeys();
  expect(kekOf(CHANGED, keys)).toMatchObject({
    arn: NEW_ARN,
    branchKeyIds: ['acme.new'],
    customKeyStore: true,
  });
  expect(kekOf(CHANGED, keys, ACME.kekArn)).toMatchObject({
    branchKeyIds: ['acme.old'],
    customKeyStore: false,
  });
});

test('a KEK that is back has the branch keys of both times, and makes messages with the newest', () => {
  const { keys } = cachedKeys();
  const back = { ...CHANGED, kekArn: ACME.kekArn };
  expect(kekOf(back, keys)).toMatchObject({ arn: ACME.kekArn, branchKeyIds: ['acme.old', 'acme.new'] });
});

test('a KEK that never was the tenant’s is refused, and no other takes its place', () => {
  const { keys } = cachedKeys();
  expect(() => kekOf(ACME, keys, NEW_ARN)).toThrow(
    expect.objectContaining({ code: 'ERR_TENANT_KEY_MISCONFIGURED', kekArn: NEW_ARN }),
  );
});

test('an external key store out of reach is an outage; a key that is disabled in one is not', async () => {
  const { kek, kms } = cachedKeys();
  kms.refuse(ACME.kekArn, 'KMSInvalidStateException');
  const external = kek({ keyMode: 'per-chunk', customKeyStore: true });
  await expect(messageOf(external, randomBytes(10))).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
  await expect(messageOf(kek({ keyMode: 'per-chunk' }), randomBytes(10))).rejects.toMatchObject({
    code: 'ERR_TENANT_KEY_UNUSABLE',
  });
  kms.refuse(ACME.kekArn, 'DisabledException');
  await expect(messageOf(external, randomBytes(10))).rejects.toMatchObject({
    code: 'ERR_TENANT_KEY_UNUSABLE',
  });
});
