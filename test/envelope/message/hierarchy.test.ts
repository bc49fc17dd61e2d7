import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptWhole } from '../../../shared/envelope/message/decrypt.ts';
import { encrypt } from '../../../shared/envelope/message/encrypt.ts';
import type { Tenant } from '../../../shared/tenant/tenant.ts';
import { type Hierarchy, hierarchy } from '../../support/branch-keys.ts';
import { holdAnswers, idle } from '../../support/cached-keys.ts';
import { CONTEXT, messageOf } from '../../support/messages.ts';
import { stockHierarchyDecrypt } from '../../support/stock-hierarchy.ts';
import { ACME } from '../../support/tenants.ts';

/** Returns the operations of KMS that were called since then. */
function operationsSince({ kms }: Hierarchy, before: number): readonly string[] {
  return kms.calls.slice(before).map(({ operation }) => operation);
}

/** Opens the message without the product's code. */
async function stockOpen(sandbox: Hierarchy, message: Uint8Array): Promise<Buffer> {
  const { plaintext, context } = await stockHierarchyDecrypt(sandbox, message);
  expect(context).toEqual(CONTEXT);
  return plaintext;
}

describe('in keyMode hierarchical', () => {
  test.each([0, 1, 1_000, 1_048_576, 1_048_577])('a message of %i bytes opens', async (bytes) => {
    const sandbox = await hierarchy();
    const plaintext = randomBytes(bytes);
    const message = await messageOf(sandbox.kek(), plaintext);
    expect(bytes >= 16 && Buffer.from(message).includes(plaintext)).toBe(false);
    expect(plaintext.equals(await decryptWhole(sandbox.kek(), message, CONTEXT))).toBe(true);
    expect(plaintext.equals(await stockOpen(sandbox, message))).toBe(true);
  });

  test('many messages at once make one call of KMS, and each has a DEK of its own', async () => {
    const sandbox = await hierarchy();
    const before = sandbox.kms.calls.length;
    const crowd = Array.from({ length: 20 }, async () => await messageOf(sandbox.kek(), randomBytes(10)));
    const messages = await Promise.all(crowd);
    expect(operationsSince(sandbox, before)).toEqual(['Decrypt']);
    expect(
      new Set(messages.map((message) => Buffer.from(message.subarray(0, 300)).toString('hex'))).size,
    ).toBe(20);
    await Promise.all(messages.map(async (message) => await decryptWhole(sandbox.kek(), message, CONTEXT)));
    expect(operationsSince(sandbox, before)).toEqual(['Decrypt', 'Decrypt']);
  });

  test('a branch key that was found in the cache is there for the next message', async () => {
    const sandbox = await hierarchy();
    for (let time = 0; time < 3; time += 1) {
      const message = await messageOf(sandbox.kek(), Buffer.from('x'));
      expect((await stockOpen(sandbox, message)).toString()).toBe('x');
      expect((await decryptWhole(sandbox.kek(), message, CONTEXT)).toString()).toBe('x');
    }
  });

  test('KMS sees the tenant of a branch key, and nothing of the message', async () => {
    const sandbox = await hierarchy();
    await messageOf(sandbox.kek(), randomBytes(10));
    expect(sandbox.kms.calls.at(-1)?.context).toMatchObject({
      'aws-crypto-ec:tenant-id': 'acme',
      'branch-key-id': sandbox.acme.branchKeyId,
      'kms-arn': ACME.kekArn,
      tablename: 'sealstream',
    });
  });

  test('the record says which version of the branch key was used, and which call of KMS it came from', async () => {
    const { kek, uses, clock, store, acme } = await hierarchy();
    const message = await messageOf(kek(), randomBytes(10));
    clock.advance(1_500);
    await messageOf(kek(), randomBytes(10));
    await decryptWhole(kek(), message, CONTEXT);
    const version = store.rows.get(`${acme.branchKeyId} branch:ACTIVE`)?.['version']?.S?.split(':').at(-1);
    const known = { keyMode: 'hierarchical', branchKeyVersion: version, objectId: CONTEXT['object-id'] };
    const kmsRequestId = expect.stringMatching(/^request-\d+$/u);
    expect(uses).toMatchObject([
      { ...known, operation: 'encrypt', cached: false, keyAgeMs: 0, kmsRequestId },
      { ...known, operation: 'encrypt', cached: true, keyAgeMs: 1_500, kmsRequestId: uses[0]?.kmsRequestId },
      { ...known, operation: 'decrypt', cached: false, keyAgeMs: 0, kmsRequestId },
    ]);
  });

  test('a message of an old version stays readable when there is a newer one', async () => {
    const sandbox = await hierarchy();
    const old = await messageOf(sandbox.kek(), Buffer.from('old'));
    await sandbox.branchKeys.version(ACME, sandbox.acme.branchKeyId ?? '');
    sandbox.keys.cache.flush(ACME.tenantId);
    const young = await messageOf(sandbox.kek(), Buffer.from('young'));
    expect((await decryptWhole(sandbox.kek(), old, CONTEXT)).toString()).toBe('old');
    expect((await decryptWhole(sandbox.kek(), young, CONTEXT)).toString()).toBe('young');
    expect(new Set(sandbox.uses.map(({ branchKeyVersion }) => branchKeyVersion)).size).toBe(2);
    expect((await stockOpen(sandbox, old)).toString()).toBe('old');
  });

  test('every plaintext branch key that KMS answered is zeroed', async () => {
    const { kek, kms } = await hierarchy();
    const message = await messageOf(kek(), randomBytes(10));
    await decryptWhole(kek(), message, CONTEXT);
    expect(kms.plaintextDeks.slice(-2).map((key) => key.every((byte) => byte === 0))).toEqual([true, true]);
  });

  test('an answer of KMS that is no branch key makes no message', async () => {
    const { kek, kms } = await hierarchy();
    for (const Plaintext of [undefined, Buffer.alloc(0), Buffer.alloc(16)]) {
      Object.assign(kms, { decrypt: async () => ({ KeyId: ACME.kekArn, Plaintext }) });
      await expect(messageOf(kek(), randomBytes(10))).rejects.toMatchObject({
        code: 'ERR_AUTHENTICATION_FAILED',
      });
    }
  });

  test('a tenant without a branch key has its DEKs from KMS', async () => {
    const { kek, kms } = await hierarchy();
    const message = await messageOf(kek({ branchKeyId: undefined }), Buffer.from('x'));
    expect(kms.calls.at(-1)?.operation).toBe('GenerateDataKey');
    expect((await decryptWhole(kek(), message, CONTEXT)).toString()).toBe('x');
  });
});

describe('a branch key', () => {
  test('is used until it is as old as the tenant allows, and renewed in the last fifth of that', async () => {
    const sandbox = await hierarchy();
    await messageOf(sandbox.kek(), randomBytes(10));
    const before = sandbox.kms.calls.length;
    sandbox.clock.advance(47_999);
    await messageOf(sandbox.kek(), randomBytes(10));
    expect(operationsSince(sandbox, before)).toEqual([]);
    sandbox.clock.advance(1);
    await messageOf(sandbox.kek(), randomBytes(10));
    await idle();
    expect(operationsSince(sandbox, before)).toEqual(['Decrypt']);
    expect(sandbox.uses.at(-1)).toMatchObject({ cached: true, keyAgeMs: 48_000 });
    sandbox.clock.advance(60_000);
    await messageOf(sandbox.kek(), randomBytes(10));
    expect(sandbox.uses.at(-1)).toMatchObject({ cached: false });
  });

  test.each([
    ['allows no age', { maxKeyAgeSeconds: 0 }],
    ['is in keyMode per-chunk by now', { keyMode: 'per-chunk' }],
  ] as const)('is not kept for a tenant that %s', async (_, settings) => {
    const sandbox = await hierarchy();
    const message = await messageOf(sandbox.kek(), randomBytes(10));
    const before = sandbox.kms.calls.length;
    for (let time = 0; time < 3; time += 1) await decryptWhole(sandbox.kek(settings), message, CONTEXT);
    expect(operationsSince(sandbox, before)).toEqual(['Decrypt', 'Decrypt', 'Decrypt']);
  });

  test.each([
    ['the tenant is flushed', ({ keys }: Hierarchy) => keys.cache.flush(ACME.tenantId), ACME.epoch],
    [
      'its epoch changes',
      ({ keys }: Hierarchy) => keys.cache.observe({ ...ACME, epoch: ACME.epoch + 1 }),
      ACME.epoch + 1,
    ],
  ])('is dropped when %s, and no other tenant’s is', async (_, drop, epoch) => {
    const sandbox = await hierarchy();
    const { kek, globex } = sandbox;
    await messageOf(kek(), randomBytes(10));
    await messageOf(kek(globex), randomBytes(10));
    const before = sandbox.kms.calls.length;
    drop(sandbox);
    await messageOf(kek({ epoch }), randomBytes(10));
    await messageOf(kek(globex), randomBytes(10));
    expect(sandbox.kms.calls.slice(before).map(({ keyArn }) => keyArn)).toEqual([ACME.kekArn]);
  });

  test.each(['DisabledException', 'AccessDeniedException'])(
    'is dropped when KMS answers %s',
    async (refusal) => {
      const sandbox = await hierarchy();
      await messageOf(sandbox.kek(), randomBytes(10));
      sandbox.clock.advance(60_000);
      sandbox.kms.refuse(ACME.kekArn, refusal);
      await expect(messageOf(sandbox.kek(), randomBytes(10))).rejects.toMatchObject({
        disposition: 'park',
        kekArn: ACME.kekArn,
      });
    },
  );

  test('that cannot be fetched in an outage is no revocation', async () => {
    const { kek, kms, keys } = await hierarchy();
    kms.refuse(ACME.kekArn, 'ThrottlingException');
    await expect(messageOf(kek(), randomBytes(10))).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    kms.allow(ACME.kekArn);
    keys.cache.flush(ACME.tenantId);
    expect((await messageOf(kek(), randomBytes(10))).length).toBeGreaterThan(0);
  });
});

/** Opens a message with a branch key of zeros. Returns undefined when it does not open. */
async function openWithZeros(sandbox: Hierarchy, message: Uint8Array): Promise<Buffer | undefined> {
  const zeros = {
    ...sandbox,
    kms: { ...sandbox.kms, decrypt: async () => ({ KeyId: ACME.kekArn, Plaintext: Buffer.alloc(32) }) },
  };
  return await stockOpen(zeros, message).catch(() => undefined);
}

describe('a flush at any moment', () => {
  test.each(Array.from({ length: 12 }, (_, turns) => turns))(
    'that comes %i turns after a message took the branch key leaves it under that key, not under zeros',
    async (turns) => {
      let flushes = 0;
      async function flushSoon(): Promise<void> {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        sandbox.keys.cache.flush(ACME.tenantId);
        flushes += 1;
      }
      const sandbox = await hierarchy({
        onEvent: ({ name }) => void (name === 'hit' ? flushSoon() : undefined),
      });
      await messageOf(sandbox.kek(), randomBytes(10));
      // A message without content never asks if its key is still usable.
      using message = await encrypt(sandbox.kek(), { bytes: 0, content: [] }, CONTEXT);
      expect(flushes).toBe(1);
      expect((await stockOpen(sandbox, message.content)).toString()).toBe('');
      expect(await openWithZeros(sandbox, message.content)).toBeUndefined();
    },
  );

  test('stops a message that is under way', async () => {
    const sandbox = await hierarchy();
    await messageOf(sandbox.kek(), randomBytes(10));
    async function* content(): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
      sandbox.keys.cache.flush(ACME.tenantId);
      yield Buffer.from('y');
    }
    const making = encrypt(sandbox.kek(), { bytes: 2, content: content() }, CONTEXT);
    await expect(making).rejects.toMatchObject({ code: 'ERR_EPOCH_CHANGED' });
  });

  test('that comes while KMS is asked leaves no key in the cache, and the message that asked is made', async () => {
    const sandbox = await hierarchy();
    const { release } = holdAnswers(sandbox.kms);
    const making = messageOf(sandbox.kek(), Buffer.from('x'));
    await idle();
    sandbox.keys.cache.flush(ACME.tenantId);
    release();
    expect((await stockOpen(sandbox, await making)).toString()).toBe('x');
    const before = sandbox.kms.calls.length;
    await messageOf(sandbox.kek(), Buffer.from('x'));
    expect(operationsSince(sandbox, before)).toEqual(['Decrypt']);
  });
});

test('a message under another tenant’s branch key is refused before KMS is asked', async () => {
  const sandbox = await hierarchy();
  const { kek, globex } = sandbox;
  const message = await messageOf(kek(globex), randomBytes(10));
  const before = sandbox.kms.calls.length;
  await expect(decryptWhole(kek(), message, CONTEXT)).rejects.toMatchObject({
    code: 'ERR_AUTHENTICATION_FAILED',
  });
  const stolen: Partial<Tenant> = { branchKeyId: globex.branchKeyId };
  // The id alone opens nothing, because the row names globex's KEK.
  await expect(decryptWhole(kek(stolen), message, CONTEXT)).rejects.toMatchObject({
    code: 'ERR_AUTHENTICATION_FAILED',
  });
  expect(operationsSince(sandbox, before)).toEqual([]);
});
