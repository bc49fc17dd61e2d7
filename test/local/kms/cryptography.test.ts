import { isDeepStrictEqual } from 'node:util';
import type { KMS } from '@aws-sdk/client-kms';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KmsServer, newKey, present, refusal, REGION, startKms, TENANT } from './kms-server.ts';

let server: KmsServer;
let tenant: KMS;
let key: string;
const plaintext = Buffer.from('the quick brown fox');

beforeAll(async () => {
  server = await startKms();
  tenant = server.client(TENANT);
  key = await newKey(tenant);
});
afterAll(() => server.close());

async function encrypt(
  context: Record<string, string> = {},
  bytes: Uint8Array = plaintext,
): Promise<Uint8Array> {
  const { CiphertextBlob } = await tenant.encrypt({
    KeyId: key,
    Plaintext: bytes,
    EncryptionContext: context,
  });
  return present(CiphertextBlob);
}

function decrypt(blob: Uint8Array, context: Record<string, string> = {}): Promise<unknown> {
  return tenant.decrypt({ CiphertextBlob: blob, EncryptionContext: context });
}

describe('Encrypt and Decrypt', () => {
  test('a ciphertext hides its plaintext and opens without naming its key', async () => {
    const blob = await encrypt();
    expect(Buffer.from(blob).includes(plaintext)).toBe(false);
    const answer = await tenant.decrypt({ CiphertextBlob: blob });
    expect(Buffer.from(present(answer.Plaintext))).toEqual(plaintext);
    expect(answer).toMatchObject({ KeyId: key, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
  });

  test('the same plaintext never encrypts to the same ciphertext', async () => {
    expect(await encrypt()).not.toEqual(await encrypt());
  });

  test('decrypt undoes encrypt for any plaintext and context', async () => {
    const context = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), {
      noNullPrototype: true,
      maxKeys: 4,
    });
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 4096 });
    await fc.assert(
      fc.asyncProperty(context, bytes, async (pairs, data) => {
        const blob = await encrypt(pairs, data);
        const reversed = Object.fromEntries(Object.entries(pairs).toReversed());
        const answer = await tenant.decrypt({ CiphertextBlob: blob, EncryptionContext: reversed });
        expect(Buffer.from(present(answer.Plaintext))).toEqual(Buffer.from(data));
      }),
      { numRuns: 40 },
    );
  });

  test('any other context is refused', async () => {
    const context = fc.dictionary(
      fc.constantFrom('a', 'ab', 'b', 'abc'),
      fc.constantFrom('', 'b', 'bc', 'c'),
      {
        noNullPrototype: true,
      },
    );
    await fc.assert(
      fc.asyncProperty(context, context, async (sealed, tried) => {
        fc.pre(!isDeepStrictEqual(sealed, tried));
        expect(await refusal(decrypt(await encrypt(sealed), tried))).toBe('InvalidCiphertextException');
      }),
      { numRuns: 60, examples: [[{ a: 'bc' }, { ab: 'c' }]] },
    );
  });

  test('any flipped bit is refused', async () => {
    const blob = await encrypt({ a: 'b' });
    const bit = fc.nat(blob.length * 8 - 1);
    await fc.assert(
      fc.asyncProperty(bit, async (index) => {
        const forged = Uint8Array.from(blob);
        forged[index >> 3] = present(forged[index >> 3]) ^ (1 << (index & 7));
        const call = tenant.decrypt({ KeyId: key, CiphertextBlob: forged, EncryptionContext: { a: 'b' } });
        expect(['InvalidCiphertextException', 'IncorrectKeyException']).toContain(await refusal(call));
      }),
      { numRuns: 120 },
    );
  });

  test('a truncated ciphertext is refused', async () => {
    const blob = await encrypt();
    for (const length of [1, 2, 40, blob.length - 16, blob.length - 1])
      expect(await refusal(tenant.decrypt({ KeyId: key, CiphertextBlob: blob.subarray(0, length) }))).toBe(
        'InvalidCiphertextException',
      );
  });

  test('4096 bytes are the most that Encrypt takes, 1 the least', async () => {
    await expect(encrypt({}, new Uint8Array(4096))).resolves.toBeDefined();
    expect(await refusal(encrypt({}, new Uint8Array(4097)))).toBe('ValidationException');
    expect(await refusal(encrypt({}, new Uint8Array(0)))).toBe('ValidationException');
  });

  test("a key refuses another key's ciphertext", async () => {
    const call = tenant.decrypt({ KeyId: await newKey(tenant), CiphertextBlob: await encrypt() });
    expect(await refusal(call)).toBe('IncorrectKeyException');
  });

  test('a key for signing encrypts nothing', async () => {
    const signer = await newKey(tenant, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
    const call = tenant.generateDataKey({ KeyId: signer, KeySpec: 'AES_256' });
    expect(await refusal(call)).toBe('InvalidKeyUsageException');
  });
});

describe('GenerateDataKey', () => {
  test.each([
    [{ KeySpec: 'AES_128' as const }, 16],
    [{ KeySpec: 'AES_256' as const }, 32],
    [{ NumberOfBytes: 1 }, 1],
    [{ NumberOfBytes: 1024 }, 1024],
  ])('%j gives %i bytes that Decrypt gives back', async (size, bytes) => {
    const dataKey = await tenant.generateDataKey({ KeyId: key, EncryptionContext: { t: 'a' }, ...size });
    expect(present(dataKey.Plaintext)).toHaveLength(bytes);
    const opened = await tenant.decrypt({
      CiphertextBlob: present(dataKey.CiphertextBlob),
      EncryptionContext: { t: 'a' },
    });
    expect(opened.Plaintext).toEqual(dataKey.Plaintext);
    expect(dataKey.KeyId).toBe(key);
  });

  test.each([{}, { KeySpec: 'AES_256' as const, NumberOfBytes: 32 }, { NumberOfBytes: 1025 }])(
    '%j is no size',
    async (size) => {
      expect(await refusal(tenant.generateDataKey({ KeyId: key, ...size }))).toBe('ValidationException');
    },
  );

  test('without plaintext answers the wrapped key alone', async () => {
    const answer = await tenant.generateDataKeyWithoutPlaintext({ KeyId: key, KeySpec: 'AES_256' });
    expect(Object.keys(answer)).not.toContain('Plaintext');
    const opened = await tenant.decrypt({ CiphertextBlob: present(answer.CiphertextBlob) });
    expect(present(opened.Plaintext)).toHaveLength(32);
  });
});

describe('ReEncrypt', () => {
  test('moves a ciphertext to another key and context', async () => {
    const target = await newKey(tenant);
    const answer = await tenant.reEncrypt({
      CiphertextBlob: await encrypt({ a: '1' }),
      SourceEncryptionContext: { a: '1' },
      DestinationKeyId: target,
      DestinationEncryptionContext: { b: '2' },
    });
    expect(answer).toMatchObject({ SourceKeyId: key, KeyId: target });
    const moved = present(answer.CiphertextBlob);
    expect(await refusal(decrypt(moved, { a: '1' }))).toBe('InvalidCiphertextException');
    await expect(decrypt(moved, { b: '2' })).resolves.toMatchObject({ KeyId: target });
  });
});

describe('DryRun', () => {
  test('answers DryRunOperationException only where the call would have worked', async () => {
    const blob = await encrypt({ a: '1' });
    const dry = { KeyId: key, DryRun: true };
    const worked = tenant.decrypt({ ...dry, CiphertextBlob: blob, EncryptionContext: { a: '1' } });
    expect(await refusal(worked)).toBe('DryRunOperationException');
    expect(await refusal(tenant.decrypt({ ...dry, CiphertextBlob: blob }))).toBe(
      'InvalidCiphertextException',
    );
    expect(await refusal(tenant.generateDataKey({ ...dry, KeySpec: 'AES_256' }))).toBe(
      'DryRunOperationException',
    );
  });

  test('encrypts nothing', async () => {
    const dry = { DryRun: true, Plaintext: plaintext };
    expect(await refusal(tenant.encrypt({ ...dry, KeyId: key }))).toBe('DryRunOperationException');
    const move = { CiphertextBlob: await encrypt(), DestinationKeyId: key, DryRun: true };
    expect(await refusal(tenant.reEncrypt(move))).toBe('DryRunOperationException');
  });

  test('with IGNORE_CIPHERTEXT Decrypt needs none', async () => {
    const ignore = { DryRunModifiers: ['IGNORE_CIPHERTEXT' as const] };
    expect(await refusal(tenant.decrypt({ KeyId: key, DryRun: true, ...ignore }))).toBe(
      'DryRunOperationException',
    );
    expect(await refusal(tenant.decrypt({ KeyId: key, ...ignore }))).toBe('ValidationException');
    expect(await refusal(tenant.decrypt({ DryRun: true, ...ignore }))).toBe('ValidationException');
    await tenant.disableKey({ KeyId: key });
    const disabled = await refusal(tenant.decrypt({ KeyId: key, DryRun: true, ...ignore }));
    await tenant.enableKey({ KeyId: key });
    expect(disabled).toBe('DisabledException');
  });
});

describe('the identity of keys', () => {
  test('a key answers to its id, ARN, alias and alias ARN', async () => {
    const aliased = await newKey(tenant);
    await tenant.createAlias({ AliasName: 'alias/uploads', TargetKeyId: aliased });
    const aliasArn = `arn:aws:kms:${REGION}:${TENANT}:alias/uploads`;
    for (const KeyId of [present(aliased.split('/')[1]), aliased, 'alias/uploads', aliasArn])
      expect((await tenant.describeKey({ KeyId })).KeyMetadata?.Arn).toBe(aliased);
  });

  test('another region does not know the key', async () => {
    const elsewhere = server.client(TENANT, 'eu-west-1');
    expect(await refusal(elsewhere.describeKey({ KeyId: key }))).toBe('NotFoundException');
    expect(await refusal(elsewhere.decrypt({ CiphertextBlob: await encrypt() }))).toBe(
      'AccessDeniedException',
    );
  });

  test('refusals are HTTP 400, operations it lacks 501', async () => {
    const missing = tenant.describeKey({ KeyId: '00000000-0000-0000-0000-000000000000' });
    await expect(missing).rejects.toMatchObject({
      name: 'NotFoundException',
      $metadata: { httpStatusCode: 400 },
    });
    const unknown = tenant.getPublicKey({ KeyId: key });
    await expect(unknown).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  });
});
