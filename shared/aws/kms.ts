/** KMS as the envelope and the probe ask for it: one client per region, the region read from the key ARN. */
import { DryRunOperationException, type KMS } from '@aws-sdk/client-kms';
import type { KmsOperations } from '../ports.ts';
import type { KmsProbe } from '../revocation/probe.ts';
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

export function kmsProbe(): KmsProbe {
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
    async tryDecrypt(KeyId, context) {
      const EncryptionContext = { ...context };
      const dryRun = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT' as const] };
      await wouldWork(clientFor(KeyId).decrypt({ KeyId, EncryptionContext, ...dryRun }, inTime()));
    },
  };
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
