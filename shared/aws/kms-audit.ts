/**
 * What a key is and what it grants us, as the checks of onboarding ask it. Nothing is changed, and nothing used but for
 * the ciphertext of the probes: all else are dry runs.
 */
import { DryRunOperationException, type KeyMetadata, type KMS } from '@aws-sdk/client-kms';
import type { EncryptionContext } from '../object/context.ts';
import { saysNothing } from '../envelope/kms/kms-failure.ts';
import type { KeyAudit, KeyFacts, KmsOperation } from '../ports/kms.ts';
import { errorOf } from '../errors.ts';
import { clientPerRegion, makeCiphertext, NO_CIPHERTEXT } from './kms.ts';

/** `controlRoleArn` is who we are: the grant that is tried would be for ourselves. */
export function kmsAudit(controlRoleArn: string): KeyAudit {
  const clientFor = clientPerRegion();
  /** Of each key one, where its region's KMS cannot be asked without. */
  const ciphertexts = new Map<string, Uint8Array>();

  async function ciphertextOf(kekArn: string, context: EncryptionContext): Promise<Uint8Array> {
    const operation = 'tenant-id' in context ? 'kms:GenerateDataKey' : 'kms:GenerateDataKeyWithoutPlaintext';
    const made =
      ciphertexts.get(kekArn) ?? (await makeCiphertext(clientFor(kekArn), kekArn, context, operation));
    ciphertexts.set(kekArn, made);
    return made;
  }

  return {
    async describe(KeyId) {
      const { KeyMetadata: key } = await clientFor(KeyId).describeKey({ KeyId });
      return factsOf(KeyId, key);
    },
    async tryOperation(operation, kekArn, context = {}) {
      const EncryptionContext = { ...context };
      const asked = { KeyId: kekArn, EncryptionContext, GranteePrincipal: controlRoleArn };
      const failure = await failureOf(TRIALS[operation](clientFor(kekArn), asked));
      if (failure === undefined || isGranted(failure)) return;
      if (!OPENING.has(operation) || !saysNothing(failure)) throw failure;
      const CiphertextBlob = await ciphertextOf(kekArn, context);
      const again = await failureOf(TRIALS[operation](clientFor(kekArn), { ...asked, CiphertextBlob }));
      if (again !== undefined && !isGranted(again)) throw again;
    },
    makeCiphertext: async (kekArn, context, operation) =>
      await makeCiphertext(clientFor(kekArn), kekArn, context, operation),
  };
}

/** Those that a ciphertext is given to. */
const OPENING: ReadonlySet<KmsOperation> = new Set(['kms:Decrypt', 'kms:ReEncrypt']);

async function failureOf(call: Promise<unknown>): Promise<Error | undefined> {
  return await call.then(() => undefined, errorOf);
}

/** KMS looks at a ciphertext only once it has let the caller in: one of another context is no refusal. */
function isGranted(failure: Error): boolean {
  return failure instanceof DryRunOperationException || failure.name === 'InvalidCiphertextException';
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

interface Asked {
  readonly KeyId: string;
  readonly EncryptionContext: Record<string, string>;
  readonly GranteePrincipal: string;
  /** Where it is needed. */
  readonly CiphertextBlob?: Uint8Array | undefined;
}

/** A dry run that opens a ciphertext, or would any. */
function opening({ CiphertextBlob }: Asked) {
  return { ...DRY_RUN, ...(CiphertextBlob === undefined ? NO_CIPHERTEXT : { CiphertextBlob }) };
}

const TRIALS: Readonly<Record<KmsOperation, (kms: KMS, asked: Asked) => Promise<unknown>>> = {
  'kms:DescribeKey': async (kms, { KeyId }) => await kms.describeKey({ KeyId }),
  'kms:GenerateDataKey': async (kms, { KeyId, EncryptionContext }) =>
    await kms.generateDataKey({ KeyId, EncryptionContext, NumberOfBytes: 32, ...DRY_RUN }),
  'kms:GenerateDataKeyWithoutPlaintext': async (kms, { KeyId, EncryptionContext }) =>
    await kms.generateDataKeyWithoutPlaintext({ KeyId, EncryptionContext, NumberOfBytes: 32, ...DRY_RUN }),
  'kms:Decrypt': async (kms, asked) =>
    await kms.decrypt({
      KeyId: asked.KeyId,
      EncryptionContext: asked.EncryptionContext,
      CiphertextBlob: undefined,
      ...opening(asked),
    }),
  'kms:ReEncrypt': async (kms, asked) =>
    await kms.reEncrypt({
      SourceKeyId: asked.KeyId,
      SourceEncryptionContext: asked.EncryptionContext,
      DestinationKeyId: asked.KeyId,
      DestinationEncryptionContext: asked.EncryptionContext,
      CiphertextBlob: undefined,
      ...opening(asked),
    }),
  'kms:CreateGrant': async (kms, { KeyId, GranteePrincipal }) =>
    await kms.createGrant({ KeyId, GranteePrincipal, Operations: ['DescribeKey'], ...DRY_RUN }),
  'kms:ListGrants': async (kms, { KeyId }) => await kms.listGrants({ KeyId, Limit: 1 }),
};
