/** KMS as the envelope and the probe ask for it: one client per region, the region read from the key ARN. */
import { DryRunOperationException, type DryRunModifierType, type KMS } from '@aws-sdk/client-kms';
import type { KmsOperations, KmsProbe, MakingOperation, ProbeMaker } from '../ports/kms.ts';
import type { EncryptionContext } from '../object/context.ts';
import { kmsClient } from './clients.ts';

/** A probe is asked again within a minute; one that takes longer is an outage, and must not hold up the others. */
const PROBE_TIMEOUT_MS = 10_000;

/** Throws what KMS throws; envelope/kms-failure.ts says what it means. */
export function kmsOperations(): KmsOperations {
  const clientFor = clientPerRegion();
  return {
    generateDataKey: async (request) => withoutMatch(await clientFor(request.KeyId).generateDataKey(request)),
    decrypt: async (request) => withoutMatch(await clientFor(request.KeyId).decrypt(request)),
  };
}

/**
 * The SDK checks by regular expression that the plaintext DEK is base64, and V8 keeps the text that was matched last,
 * for `RegExp.input`: so something else is matched.
 */
function withoutMatch<Answer>(answer: Answer): Answer {
  /\s*/u.test('');
  return answer;
}

export function kmsProbe(): KmsProbe & ProbeMaker {
  const clientFor = clientPerRegion();
  return {
    async describeKey(KeyId) {
      const { KeyMetadata: key } = await clientFor(KeyId).describeKey({ KeyId }, inTime());
      return { state: key?.KeyState ?? 'unknown', deletionDate: key?.DeletionDate, validTo: key?.ValidTo };
    },
    async tryGenerateDataKey(KeyId, context) {
      const EncryptionContext = { ...context };
      const request = { KeyId, EncryptionContext, NumberOfBytes: 32, DryRun: true };
      await wouldWork(clientFor(KeyId).generateDataKey(request, inTime()));
    },
    async tryDecrypt(KeyId, context, ciphertext) {
      const EncryptionContext = { ...context };
      const of = ciphertext === undefined ? NO_CIPHERTEXT : { CiphertextBlob: ciphertext };
      const request = { KeyId, EncryptionContext, DryRun: true, ...of };
      await wouldWork(clientFor(KeyId).decrypt(request, inTime()));
    },
    makeCiphertext: async (KeyId, context, operation) =>
      await makeCiphertext(clientFor(KeyId), KeyId, context, operation),
  };
}

/** No ciphertext is needed to learn whether one could be read. */
export const NO_CIPHERTEXT: { DryRunModifiers: DryRunModifierType[] } = {
  DryRunModifiers: ['IGNORE_CIPHERTEXT'],
};

/** The plaintext, where there is one, is zeroed unseen. Throws what KMS throws. */
export async function makeCiphertext(
  kms: KMS,
  KeyId: string,
  context: EncryptionContext,
  operation: MakingOperation,
): Promise<Uint8Array> {
  const request = { KeyId, EncryptionContext: { ...context }, NumberOfBytes: 32 };
  if (operation === 'kms:GenerateDataKeyWithoutPlaintext')
    return requireBlob(await kms.generateDataKeyWithoutPlaintext(request, inTime()));
  const made = withoutMatch(await kms.generateDataKey(request, inTime()));
  made.Plaintext?.fill(0);
  return requireBlob(made);
}

function requireBlob({ CiphertextBlob }: { readonly CiphertextBlob?: Uint8Array }): Uint8Array {
  if (CiphertextBlob === undefined) throw new Error('KMS answered without a ciphertext');
  return CiphertextBlob;
}

export function clientPerRegion(): (keyArn: string | undefined) => KMS {
  const clients = new Map<string, KMS>();
  return (keyArn) => {
    const region = keyArn?.split(':')[3] ?? '';
    const client = clients.get(region) ?? kmsClient(region);
    clients.set(region, client);
    return client;
  };
}

function inTime(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(PROBE_TIMEOUT_MS) };
}

/** KMS answers a dry run by an exception, whatever it finds. */
async function wouldWork(dryRun: Promise<unknown>): Promise<void> {
  try {
    await dryRun;
  } catch (error) {
    if (!(error instanceof DryRunOperationException)) throw error;
  }
}
