import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { kmsFailure } from '../../../shared/envelope/kms/kms-failure.ts';
import { codeOf } from '../../support/content.ts';
import { kmsStandIn } from '../../support/kms-stand-in.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { ACME, kekOf, kmsOfBoth } from '../../support/tenants.ts';

/**
 * Exceptions of KMS (API reference of GenerateDataKey and Decrypt), each with the code and the disposition of the work.
 */
const ANSWERS = [
  ['AccessDeniedException', 'ERR_TENANT_KEY_DENIED', 'park'],
  ['DisabledException', 'ERR_TENANT_KEY_UNUSABLE', 'park'],
  ['KMSInvalidStateException', 'ERR_TENANT_KEY_UNUSABLE', 'park'],
  ['NotFoundException', 'ERR_TENANT_KEY_UNUSABLE', 'park'],
  ['InvalidKeyUsageException', 'ERR_TENANT_KEY_MISCONFIGURED', 'park'],
  ['InvalidArnException', 'ERR_TENANT_KEY_MISCONFIGURED', 'park'],
  // These three are about the request, and say nothing about the key.
  ['UnsupportedOperationException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['ValidationException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['SerializationException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['InvalidCiphertextException', 'ERR_AUTHENTICATION_FAILED', 'reject'],
  ['IncorrectKeyException', 'ERR_AUTHENTICATION_FAILED', 'reject'],
  ['ThrottlingException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['KMSInternalException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['DependencyTimeoutException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['KeyUnavailableException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['TimeoutError', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['ExpiredTokenException', 'ERR_KMS_UNAVAILABLE', 'retry'],
  ['SomethingNewException', 'ERR_KMS_UNAVAILABLE', 'retry'],
] as const;

describe.each(ANSWERS)('%s', (exceptionName, code, disposition) => {
  test(`of GenerateDataKey is ${code}`, async () => {
    const kms = kmsOfBoth();
    kms.refuse(ACME.kekArn, exceptionName);
    const outcome = messageOf(kekOf(ACME, kms), randomBytes(10));
    await expect(outcome).rejects.toMatchObject({ code, disposition, cause: { name: exceptionName } });
  });

  test(`of Decrypt is ${code}`, async () => {
    const kms = kmsOfBoth();
    const message = await messageOf(kekOf(ACME, kms), randomBytes(10));
    kms.refuse(ACME.kekArn, exceptionName);
    const outcome = decryptWhole(kekOf(ACME, kms), message, CONTEXT);
    await expect(outcome).rejects.toMatchObject({ code, disposition, cause: { name: exceptionName } });
  });
});

describe('an answer of KMS', () => {
  test('that is no Error at all is an outage', () => {
    const failure = kmsFailure('reset', kekOf(ACME, kmsOfBoth()), 'kms:Decrypt');
    expect(failure.code).toBe('ERR_KMS_UNAVAILABLE');
  });

  test('gives an error that names tenant, key and permission', async () => {
    const kms = kmsOfBoth();
    kms.refuse(ACME.kekArn, 'AccessDeniedException');
    const outcome = messageOf(kekOf(ACME, kms), randomBytes(10));
    for (const part of ['acme', ACME.kekArn, 'kms:GenerateDataKey', 'AccessDeniedException']) {
      await expect(outcome).rejects.toHaveProperty('message', expect.stringContaining(part));
    }
  });

  test('that is no refusal any more lets the work go on', async () => {
    const kms = kmsOfBoth();
    kms.refuse(ACME.kekArn, 'DisabledException');
    await expect(messageOf(kekOf(ACME, kms), randomBytes(10))).rejects.toMatchObject({
      code: 'ERR_TENANT_KEY_UNUSABLE',
    });
    kms.allow(ACME.kekArn);
    expect((await messageOf(kekOf(ACME, kms), randomBytes(10))).length).toBeGreaterThan(0);
  });
});

describe('40 messages at once, each refused in its own way', () => {
  const crowd = Array.from({ length: 40 }, (_, index) => {
    const [exceptionName, code] = ANSWERS[index % ANSWERS.length] ?? ANSWERS[0];
    // Every third one is left alone, so that refusals and answers mix.
    const refused = index % 3 !== 0;
    const tenant = { ...ACME, kekArn: `arn:aws:kms:us-east-1:111111111111:key/${index}` };
    return { tenant, exceptionName, refused, expected: refused ? code : 'done' };
  });

  test.each(['encrypted', 'decrypted'])('that are %s fail each with its own code', async (direction) => {
    const kms = kmsStandIn();
    for (const { tenant } of crowd) kms.addKey(tenant.kekArn);
    const messages = await Promise.all(
      crowd.map(async ({ tenant }) => await messageOf(kekOf(tenant, kms), randomBytes(20))),
    );
    for (const { tenant, exceptionName, refused } of crowd) {
      if (refused) kms.refuse(tenant.kekArn, exceptionName);
    }
    const codes = await Promise.all(
      crowd.map(async ({ tenant }, index) => {
        const kek = kekOf(tenant, kms);
        const work =
          direction === 'encrypted'
            ? messageOf(kek, randomBytes(20))
            : decryptWhole(kek, messages[index] ?? new Uint8Array(), CONTEXT);
        return await work.then(() => 'done', codeOf);
      }),
    );
    expect(codes).toEqual(crowd.map(({ expected }) => expected));
  });
});
