/** What a key is and what it grants us, as the checks of onboarding ask it. Nothing is used or changed: all dry runs. */
import { DryRunOperationException, type KeyMetadata, type KMS } from '@aws-sdk/client-kms';
import type { KmsOperation } from '../envelope/kms-failure.ts';
import type { KeyAudit } from '../onboarding/check.ts';
import type { KeyFacts } from '../onboarding/described-key.ts';
import { clientPerRegion } from './kms.ts';

/** `controlRoleArn` is who we are: the grant that is tried would be for ourselves. */
export function kmsAudit(controlRoleArn: string): KeyAudit {
  const clientFor = clientPerRegion();
  return {
    async describe(KeyId) {
      const { KeyMetadata: key } = await clientFor(KeyId).describeKey({ KeyId });
      return factsOf(KeyId, key);
    },
    async tryOperation(operation, kekArn, context) {
      try {
        const EncryptionContext = { ...context };
        const asked = { KeyId: kekArn, EncryptionContext, GranteePrincipal: controlRoleArn };
        await TRIALS[operation](clientFor(kekArn), asked);
      } catch (error) {
        if (!(error instanceof DryRunOperationException)) throw error;
      }
    },
  };
}

function factsOf(kekArn: string, key: KeyMetadata | undefined): KeyFacts {
  const { PrimaryKey, ReplicaKeys = [] } = key?.MultiRegionConfiguration ?? {};
  const related = [PrimaryKey, ...ReplicaKeys].map((one) => one?.Arn);
  return {
    state: key?.KeyState ?? 'unknown',
    spec: key?.KeySpec ?? 'unknown',
    usage: key?.KeyUsage ?? 'unknown',
    origin: key?.Origin ?? 'unknown',
    multiRegion: key?.MultiRegion ?? false,
    relatedArns: related.filter((arn) => arn !== undefined && arn !== kekArn).map(String),
    validTo: key?.ValidTo,
    customKeyStore: key?.CustomKeyStoreId !== undefined || key?.XksKeyConfiguration !== undefined,
  };
}

const DRY_RUN = { DryRun: true };
/** No ciphertext is needed to learn whether one could be read. */
const NO_CIPHERTEXT = { ...DRY_RUN, DryRunModifiers: ['IGNORE_CIPHERTEXT' as const] };

interface Asked {
  readonly KeyId: string;
  readonly EncryptionContext: Record<string, string>;
  readonly GranteePrincipal: string;
}

const TRIALS: Readonly<Record<KmsOperation, (kms: KMS, asked: Asked) => Promise<unknown>>> = {
  'kms:DescribeKey': async (kms, { KeyId }) => await kms.describeKey({ KeyId }),
  'kms:GenerateDataKey': async (kms, { KeyId, EncryptionContext }) =>
    await kms.generateDataKey({ KeyId, EncryptionContext, NumberOfBytes: 32, ...DRY_RUN }),
  'kms:GenerateDataKeyWithoutPlaintext': async (kms, { KeyId, EncryptionContext }) =>
    await kms.generateDataKeyWithoutPlaintext({ KeyId, EncryptionContext, NumberOfBytes: 32, ...DRY_RUN }),
  'kms:Decrypt': async (kms, { KeyId, EncryptionContext }) =>
    await kms.decrypt({ KeyId, EncryptionContext, ...NO_CIPHERTEXT }),
  'kms:ReEncrypt': async (kms, { KeyId, EncryptionContext }) =>
    await kms.reEncrypt({
      SourceKeyId: KeyId,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: KeyId,
      DestinationEncryptionContext: EncryptionContext,
      ...NO_CIPHERTEXT,
    }),
  'kms:CreateGrant': async (kms, { KeyId, GranteePrincipal }) =>
    await kms.createGrant({ KeyId, GranteePrincipal, Operations: ['DescribeKey'], ...DRY_RUN }),
  'kms:ListGrants': async (kms, { KeyId }) => await kms.listGrants({ KeyId, Limit: 1 }),
};
