/** The checks of onboarding over the tenants' keys of a fleet, as shared/aws/kms-audit.ts asks KMS: all dry runs. */
import * as z from 'zod';
import { CONTROL_ROLE, ISV_ACCOUNT } from '../../../laptop/names.ts';
import type { KeyAudit, KmsOperation } from '../../../shared/ports/kms.ts';
import type { TenantKeys } from './tenant-keys.ts';

const NO_CIPHERTEXT = { DryRunModifiers: ['IGNORE_CIPHERTEXT'] };
const GRANTEE = `arn:aws:iam::${ISV_ACCOUNT}:role/${CONTROL_ROLE}`;

export function keyAudit(keys: TenantKeys): KeyAudit {
  return {
    async describe(KeyId) {
      const { KeyMetadata } = await keys.ask('control', 'DescribeKey', { KeyId });
      return factsSchema.parse(KeyMetadata);
    },
    async tryOperation(operation, KeyId, EncryptionContext) {
      const input = { ...inputOf(operation, KeyId, EncryptionContext), DryRun: true };
      try {
        await keys.ask('control', operation.replace('kms:', ''), input);
      } catch (error) {
        if (!(error instanceof Error && error.name === 'DryRunOperationException')) throw error;
      }
    },
    async makeCiphertext(KeyId, EncryptionContext, operation) {
      const input = { KeyId, EncryptionContext: { ...EncryptionContext }, NumberOfBytes: 32 };
      return madeSchema.parse(await keys.ask('control', operation.replace('kms:', ''), input)).CiphertextBlob;
    },
  };
}

function inputOf(operation: KmsOperation, KeyId: string, EncryptionContext: object = {}): object {
  if (operation === 'kms:DescribeKey' || operation === 'kms:ListGrants') return { KeyId };
  if (operation === 'kms:CreateGrant')
    return { KeyId, GranteePrincipal: GRANTEE, Operations: ['DescribeKey'] };
  if (operation === 'kms:Decrypt') return { KeyId, EncryptionContext, ...NO_CIPHERTEXT };
  if (operation !== 'kms:ReEncrypt') return { KeyId, EncryptionContext, NumberOfBytes: 32 };
  return {
    SourceKeyId: KeyId,
    SourceEncryptionContext: EncryptionContext,
    DestinationKeyId: KeyId,
    DestinationEncryptionContext: EncryptionContext,
    ...NO_CIPHERTEXT,
  };
}

const madeSchema = z.object({ CiphertextBlob: z.instanceof(Uint8Array) });
const named = z.object({ Arn: z.string() });

const factsSchema = z
  .object({
    KeyState: z.string(),
    KeySpec: z.string(),
    KeyUsage: z.string(),
    Origin: z.string(),
    MultiRegion: z.boolean().default(false),
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
    validTo: key.ValidTo,
    customKeyStore: false,
  }));
