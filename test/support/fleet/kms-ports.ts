/** The product's two ports of KMS over the tenants' keys of a fleet. */
import * as z from 'zod';
import type { DecryptRequest, KmsOperations, KmsProbe, ProbeMaker } from '../../../shared/ports/kms.ts';
import type { Account } from './account.ts';
import type { OurRole } from './tenant-keys.ts';

/** What one sandbox asks on the data path; every key that KMS answers with is noted. */
export function kmsOf(account: Account, role: OurRole, sandbox: string): KmsOperations {
  return {
    async generateDataKey(request) {
      const answer = await account.keys.ask(role, 'GenerateDataKey', request);
      account.uses.answered(sandbox, request.KeyId, bytesOf(answer['CiphertextBlob']));
      return answer;
    },
    async decrypt(request) {
      const answer = await account.keys.ask(role, 'Decrypt', request);
      account.uses.answered(sandbox, request.KeyId ?? '', markOf(request));
      return answer;
    },
  };
}

/** What stands in every message that the key protects: the wrapped DEK, or the version of the branch key that wraps it. */
function markOf({ CiphertextBlob, EncryptionContext = {} }: DecryptRequest): Uint8Array {
  const { type, version = type } = EncryptionContext;
  const [, uuid] = /^branch:version:(.*)$/u.exec(version ?? '') ?? [];
  return uuid === undefined ? CiphertextBlob : Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('KMS answered without a wrapped DEK');
}

/** What the control plane asks. */
export function probeOf({ keys }: Account): KmsProbe & ProbeMaker {
  async function dryRun(operation: string, input: object): Promise<void> {
    try {
      await keys.ask('control', operation, { ...input, DryRun: true });
    } catch (error) {
      if (error instanceof Error && error.name === 'DryRunOperationException') return;
      throw error;
    }
  }
  return {
    async describeKey(kekArn) {
      const { KeyMetadata } = await keys.ask('control', 'DescribeKey', { KeyId: kekArn });
      const { KeyState, DeletionDate, ValidTo } = metadataSchema.parse(KeyMetadata);
      return { state: KeyState, deletionDate: DeletionDate, validTo: ValidTo };
    },
    tryGenerateDataKey: async (KeyId, EncryptionContext) =>
      await dryRun('GenerateDataKey', { KeyId, EncryptionContext, NumberOfBytes: 32 }),
    tryDecrypt: async (KeyId, EncryptionContext, CiphertextBlob) =>
      await dryRun('Decrypt', {
        KeyId,
        EncryptionContext,
        ...(CiphertextBlob === undefined ? { DryRunModifiers: ['IGNORE_CIPHERTEXT'] } : { CiphertextBlob }),
      }),
    async makeCiphertext(KeyId, EncryptionContext, operation) {
      const input = { KeyId, EncryptionContext, NumberOfBytes: 32 };
      return bytesOf((await keys.ask('control', operation.slice('kms:'.length), input))['CiphertextBlob']);
    },
  };
}

const metadataSchema = z.object({
  KeyState: z.string(),
  DeletionDate: z.date().optional(),
  ValidTo: z.date().optional(),
});
