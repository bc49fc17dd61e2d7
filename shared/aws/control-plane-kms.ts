/**
 * KMS as the control plane asks it about a tenant's key. No request changes anything. Only `makeCiphertext` uses the
 * key; all else are descriptions and dry runs.
 */
import { DryRunOperationException, type KeyMetadata, type KMS } from '@aws-sdk/client-kms';
import type { CiphertextOrder, ControlPlaneKms, KeyDescription, KmsOperation, Trial } from '../ports/kms.ts';
import { kmsClientPerRegion } from './clients.ts';
import { withoutMatch } from './data-path-kms.ts';

type Options = NonNullable<Parameters<KMS['describeKey']>[1]>;

export function controlPlaneKms(): ControlPlaneKms {
  const clientFor = kmsClientPerRegion();
  return {
    async describe(KeyId, abortSignal) {
      const { KeyMetadata: key } = await clientFor(KeyId).describeKey({ KeyId }, { abortSignal });
      return descriptionOf(KeyId, key);
    },
    async tryOperation(trial, abortSignal) {
      await wouldWork(TRIALS[trial.operation](clientFor(trial.kekArn), trial, { abortSignal }));
    },
    makeCiphertext: async (order, abortSignal) =>
      await makeCiphertext(clientFor(order.kekArn), order, { abortSignal }),
  };
}

/** Resolves when the dry run says yes. KMS answers every dry run by an exception, also when it says yes. */
async function wouldWork(dryRun: Promise<unknown>): Promise<void> {
  try {
    await dryRun;
  } catch (error) {
    if (!(error instanceof DryRunOperationException)) throw error;
  }
}

/** Makes a ciphertext. If KMS returns the plaintext too, it is zeroed, and nothing reads it. */
async function makeCiphertext(
  kms: KMS,
  { operation, kekArn, context }: CiphertextOrder,
  options: Options,
): Promise<Uint8Array> {
  const request = { KeyId: kekArn, EncryptionContext: { ...context }, NumberOfBytes: 32 };
  if (operation === 'kms:GenerateDataKeyWithoutPlaintext')
    return requireBlob(await kms.generateDataKeyWithoutPlaintext(request, options));
  const made = withoutMatch(await kms.generateDataKey(request, options));
  made.Plaintext?.fill(0);
  return requireBlob(made);
}

function requireBlob({ CiphertextBlob }: { readonly CiphertextBlob?: Uint8Array }): Uint8Array {
  if (CiphertextBlob === undefined) throw new Error('KMS answered without a ciphertext');
  return CiphertextBlob;
}

function descriptionOf(kekArn: string, key: KeyMetadata | undefined): KeyDescription {
  const { PrimaryKey, ReplicaKeys = [] } = key?.MultiRegionConfiguration ?? {};
  const related = [PrimaryKey, ...ReplicaKeys].map((one) => one?.Arn);
  return {
    state: key?.KeyState ?? 'unknown',
    spec: key?.KeySpec ?? 'unknown',
    usage: key?.KeyUsage ?? 'unknown',
    origin: key?.Origin ?? 'unknown',
    multiRegion: key?.MultiRegion ?? false,
    relatedArns: related.filter((arn) => arn !== undefined && arn !== kekArn).map(String),
    deletionDate: key?.DeletionDate,
    validTo: key?.ValidTo,
    customKeyStore: key?.CustomKeyStoreId !== undefined || key?.XksKeyConfiguration !== undefined,
  };
}

const DRY_RUN = { DryRun: true };

/**
 * Returns the parameters of a dry run that opens the trial's ciphertext. Without one, the dry run asks about any
 * ciphertext.
 */
function opening({ ciphertext }: Trial) {
  return ciphertext === undefined
    ? { ...DRY_RUN, CiphertextBlob: undefined, DryRunModifiers: ['IGNORE_CIPHERTEXT' as const] }
    : { ...DRY_RUN, CiphertextBlob: ciphertext };
}

function making({ kekArn, context }: Trial) {
  return { ...DRY_RUN, KeyId: kekArn, EncryptionContext: { ...context }, NumberOfBytes: 32 };
}

type Ask = (kms: KMS, trial: Trial, options: Options) => Promise<unknown>;

const TRIALS: Readonly<Record<KmsOperation, Ask>> = {
  'kms:DescribeKey': async (kms, { kekArn }, options) => await kms.describeKey({ KeyId: kekArn }, options),
  'kms:GenerateDataKey': async (kms, trial, options) => await kms.generateDataKey(making(trial), options),
  'kms:GenerateDataKeyWithoutPlaintext': async (kms, trial, options) =>
    await kms.generateDataKeyWithoutPlaintext(making(trial), options),
  'kms:Decrypt': async (kms, trial, options) =>
    await kms.decrypt(
      { KeyId: trial.kekArn, EncryptionContext: { ...trial.context }, ...opening(trial) },
      options,
    ),
  'kms:ReEncrypt': async (kms, trial, options) => {
    const source = { SourceKeyId: trial.kekArn, SourceEncryptionContext: { ...trial.context } };
    const destination = {
      DestinationKeyId: trial.kekArn,
      DestinationEncryptionContext: { ...trial.context },
    };
    return await kms.reEncrypt({ ...source, ...destination, ...opening(trial) }, options);
  },
  'kms:CreateGrant': async (kms, { kekArn, granteeArn }, options) =>
    await kms.createGrant(
      { ...DRY_RUN, KeyId: kekArn, GranteePrincipal: granteeArn, Operations: ['DescribeKey'] },
      options,
    ),
  'kms:ListGrants': async (kms, { kekArn }, options) =>
    await kms.listGrants({ KeyId: kekArn, Limit: 1 }, options),
};
