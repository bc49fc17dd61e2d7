/** The product's two ports of KMS over the tenants' keys of a fleet. */
import * as z from 'zod';
import type { ControlPlaneKms, DataPathKms, DecryptRequest, Trial } from '../../../shared/ports/kms.ts';
import type { Account } from './account.ts';
import type { OurRole, TenantKeys } from './tenant-keys.ts';

/** KMS as one sandbox of the data path asks it. Every key that KMS answers with is noted. */
export function dataPathKmsOf(account: Account, role: OurRole, sandbox: string): DataPathKms {
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

/** Returns the bytes that stand in every message that the key protects: the wrapped DEK, or the version of the branch key that wraps it. */
function markOf({ CiphertextBlob, EncryptionContext = {} }: DecryptRequest): Uint8Array {
  const { type, version = type } = EncryptionContext;
  const [, uuid] = /^branch:version:(.*)$/u.exec(version ?? '') ?? [];
  return uuid === undefined ? CiphertextBlob : Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('KMS answered without a wrapped DEK');
}

/** KMS as the control plane asks it. */
export function controlPlaneKmsOf({ keys }: { readonly keys: TenantKeys }): ControlPlaneKms {
  return {
    async describe(KeyId) {
      const { KeyMetadata } = await keys.ask('control', 'DescribeKey', { KeyId });
      return descriptionSchema.parse(KeyMetadata);
    },
    async tryOperation(trial) {
      try {
        await keys.ask('control', nameOf(trial), { ...inputOf(trial), DryRun: true });
      } catch (error) {
        if (!(error instanceof Error && error.name === 'DryRunOperationException')) throw error;
      }
    },
    async makeCiphertext({ kekArn, context, ...order }) {
      const input = { KeyId: kekArn, EncryptionContext: { ...context }, NumberOfBytes: 32 };
      return bytesOf((await keys.ask('control', nameOf(order), input))['CiphertextBlob']);
    },
  };
}

function nameOf({ operation }: Pick<Trial, 'operation'>): string {
  return operation.slice('kms:'.length);
}

function inputOf({ operation, kekArn: KeyId, context = {}, granteeArn, ciphertext }: Trial): object {
  const EncryptionContext = { ...context };
  const opened =
    ciphertext === undefined ? { DryRunModifiers: ['IGNORE_CIPHERTEXT'] } : { CiphertextBlob: ciphertext };
  switch (operation) {
    case 'kms:DescribeKey':
    case 'kms:ListGrants':
      return { KeyId };
    case 'kms:CreateGrant':
      return { KeyId, GranteePrincipal: granteeArn, Operations: ['DescribeKey'] };
    case 'kms:Decrypt':
      return { KeyId, EncryptionContext, ...opened };
    case 'kms:ReEncrypt':
      return {
        SourceKeyId: KeyId,
        SourceEncryptionContext: EncryptionContext,
        DestinationKeyId: KeyId,
        DestinationEncryptionContext: EncryptionContext,
        ...opened,
      };
    case 'kms:GenerateDataKey':
    case 'kms:GenerateDataKeyWithoutPlaintext':
    default:
      return { KeyId, EncryptionContext, NumberOfBytes: 32 };
  }
}

const named = z.object({ Arn: z.string() });

const descriptionSchema = z
  .object({
    KeyState: z.string(),
    KeySpec: z.string(),
    KeyUsage: z.string(),
    Origin: z.string(),
    MultiRegion: z.boolean().default(false),
    DeletionDate: z.date().optional(),
    ValidTo: z.date().optional(),
    MultiRegionConfiguration: z.object({ PrimaryKey: named, ReplicaKeys: z.array(named) }).optional(),
  })
  .transform((key) => ({
    state: key.KeyState,
    spec: key.KeySpec,
    usage: key.KeyUsage,
    origin: key.Origin,
    multiRegion: key.MultiRegion,
    relatedArns: (key.MultiRegionConfiguration?.ReplicaKeys ?? []).map(({ Arn }) => Arn),
    deletionDate: key.DeletionDate,
    validTo: key.ValidTo,
    customKeyStore: false,
  }));
