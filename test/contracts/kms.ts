import { describe, expect, test } from 'vitest';
import type { ControlPlaneKms, DataPathKms, KmsOperation } from '../../shared/ports/kms.ts';

export interface DataPathWorld {
  readonly kms: DataPathKms;
  /** The ARN of a key that grants everything. */
  readonly kekArn: string;
}

export interface ControlPlaneWorld {
  readonly kms: ControlPlaneKms;
  /** The ARNs of keys: one grants everything, one is the same but disabled, one grants nothing but DescribeKey. */
  readonly kekArns: { readonly granting: string; readonly disabled: string; readonly denying: string };
}

const CONTEXT = { 'tenant-id': 'acme', purpose: 'probe' };
const OTHER_CONTEXT = { 'tenant-id': 'globex', purpose: 'probe' };
const USES: readonly KmsOperation[] = [
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:Decrypt',
  'kms:ReEncrypt',
];

async function nameOf(refused: Promise<unknown>): Promise<string> {
  return await refused.then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.name : 'no error'),
  );
}

export function dataPathKmsContract(make: () => DataPathWorld): void {
  describe('a data key', () => {
    test('is unwrapped under the context that it was wrapped under, and under no other', async () => {
      const { kms, kekArn } = make();
      const made = await kms.generateDataKey({
        KeyId: kekArn,
        NumberOfBytes: 32,
        EncryptionContext: CONTEXT,
      });
      expect([made.KeyId, made.Plaintext?.length]).toEqual([kekArn, 32]);
      const request = { KeyId: kekArn, CiphertextBlob: made.CiphertextBlob ?? Buffer.alloc(0) };
      const opened = await kms.decrypt({ ...request, EncryptionContext: CONTEXT });
      expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Buffer.from(made.Plaintext ?? [1]));
      const other = kms.decrypt({ ...request, EncryptionContext: OTHER_CONTEXT });
      expect(await nameOf(other)).toBe('InvalidCiphertextException');
    });

    test('of a key that does not exist is refused by KMS’s own name', async () => {
      const { kms, kekArn } = make();
      const KeyId = kekArn.replace(/key\/.*/u, 'key/00000000-0000-4000-8000-000000000000');
      expect(await nameOf(kms.generateDataKey({ KeyId, NumberOfBytes: 32 }))).toBe('NotFoundException');
    });
  });
}

export function controlPlaneKmsContract(make: () => ControlPlaneWorld): void {
  describe('the description of a key', () => {
    test('says its kind and state', async () => {
      const { kms, kekArns } = make();
      const enabled = {
        spec: 'SYMMETRIC_DEFAULT',
        usage: 'ENCRYPT_DECRYPT',
        origin: 'AWS_KMS',
        relatedArns: [],
      };
      expect(await kms.describe(kekArns.granting)).toMatchObject({ ...enabled, state: 'Enabled' });
      expect(await kms.describe(kekArns.disabled)).toMatchObject({ ...enabled, state: 'Disabled' });
    });
  });

  describe('a trial', () => {
    test.each(USES)('of %s says what the key grants, and in which state it is', async (operation) => {
      const { kms, kekArns } = make();
      const outcomes = [kekArns.granting, kekArns.disabled, kekArns.denying].map(
        async (kekArn) => await nameOf(kms.tryOperation({ operation, kekArn, context: CONTEXT })),
      );
      expect(await Promise.all(outcomes)).toEqual(['none', 'DisabledException', 'AccessDeniedException']);
    });

    test('may be about a ciphertext that the key made', async () => {
      const { kms, kekArns } = make();
      const kekArn = kekArns.granting;
      for (const operation of ['kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext'] as const) {
        const ciphertext = await kms.makeCiphertext({ operation, kekArn, context: CONTEXT });
        for (const opening of ['kms:Decrypt', 'kms:ReEncrypt'] as const)
          await kms.tryOperation({ operation: opening, kekArn, context: CONTEXT, ciphertext });
        const other = { kekArn, context: OTHER_CONTEXT, ciphertext } as const;
        expect(await nameOf(kms.tryOperation({ operation: 'kms:Decrypt', ...other }))).toBe(
          'InvalidCiphertextException',
        );
      }
    });

    test('of an operation on the key itself says what it grants', async () => {
      const { kms, kekArns } = make();
      const asked = { granteeArn: 'arn:aws:iam::000000000000:role/control' };
      for (const operation of ['kms:CreateGrant', 'kms:ListGrants'] as const) {
        await kms.tryOperation({ operation, kekArn: kekArns.granting, ...asked });
        expect(await nameOf(kms.tryOperation({ operation, kekArn: kekArns.denying, ...asked }))).toBe(
          'AccessDeniedException',
        );
      }
    });
  });

  test('a ciphertext is not made by a key that does not grant it', async () => {
    const { kms, kekArns } = make();
    const order = { operation: 'kms:GenerateDataKey', context: CONTEXT } as const;
    const made = kms.makeCiphertext({ ...order, kekArn: kekArns.denying });
    expect(await nameOf(made)).toBe('AccessDeniedException');
  });
}
