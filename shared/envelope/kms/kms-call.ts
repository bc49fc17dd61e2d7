/**
 * One call of KMS, or a few where the KEK has replicas, made by the Encryption SDK for one key. The Encryption SDK
 * drops what KMS said when it decrypts, so a witness keeps it.
 */
import { AwsKmsMrkAwareSymmetricKeyringNode, type KeyringNode } from '@aws-crypto/client-node';
import { KmsUnavailableError } from '../../errors.ts';
import type { FetchedKey } from '../cache/obtained-key.ts';
import type { Kek } from './kek.ts';
import type {
  DecryptRequest,
  GenerateDataKeyRequest,
  KmsAnswer,
  KmsOperation,
  DataPathKms,
} from '../../ports/kms.ts';
import { kmsFailure } from './kms-failure.ts';
import { inOrderOfReach, noteOutage } from './reach.ts';

/** A material to be made by asking KMS. */
export interface KmsCall<Material> {
  readonly operation: KmsOperation;
  /** Asks for this key alone. */
  readonly ask: (keyArn: string, kms: DataPathKms) => Promise<Material>;
}

/**
 * Asks the KMS of the KEK's own region and, where that is out of reach, those of its replicas in turn. A refusal is
 * not an outage: it ends the search, and every cached key under the KEK is dropped before anybody hears of it.
 */
export async function fetchKey<Material>(
  kek: Kek,
  call: KmsCall<Material>,
  [keyArn = kek.arn, ...others]: readonly string[] = inOrderOfReach(kek),
): Promise<FetchedKey<Material>> {
  try {
    return await fetchKeyFrom(kek, keyArn, call);
  } catch (error) {
    // Without a cause it was no answer: our own rate (kms-rate.ts) holds the call back, in every region.
    if (!(error instanceof KmsUnavailableError) || error.cause === undefined) throw error;
    noteOutage(kek, keyArn);
    if (others.length === 0) throw error;
    return await fetchKey(kek, call, others);
  }
}

/** Strict: DEKs are wrapped and unwrapped by this key alone, or where it is multi-Region by one of its replicas. */
export function keyringOf(keyArn: string, kms: DataPathKms): KeyringNode {
  const client = {
    generateDataKey: async (request: GenerateDataKeyRequest) => await kms.generateDataKey(request),
    decrypt: async (request: DecryptRequest) => await kms.decrypt(request),
    // Invariant: one wrapped DEK per message, so the Encryption SDK never wraps a DEK a second time.
    encrypt: () => Promise.reject(new Error('a DEK is wrapped by GenerateDataKey only')),
  };
  return new AwsKmsMrkAwareSymmetricKeyringNode({ keyId: keyArn, client });
}

async function fetchKeyFrom<Material>(
  kek: Kek,
  keyArn: string,
  { operation, ask }: KmsCall<Material>,
): Promise<FetchedKey<Material>> {
  const witness: Witness = {};
  try {
    const material = await ask(keyArn, watchCalls(kek.keys.kms, witness));
    return { material, kmsRequestId: witness.requestId };
  } catch (error) {
    if (witness.failure === undefined) throw error;
    const failure = kmsFailure(witness.failure, { ...kek, arn: keyArn }, operation);
    if (failure.disposition === 'park') kek.keys.cache.flush(kek.tenantId, kek.arn);
    throw failure;
  }
}

interface Witness {
  failure?: unknown;
  requestId?: string | undefined;
}

function watchCalls(kms: DataPathKms, witness: Witness): DataPathKms {
  async function watch(answer: Promise<KmsAnswer>): Promise<KmsAnswer> {
    try {
      const answered = await answer;
      witness.requestId = answered.$metadata?.requestId;
      return answered;
    } catch (failure) {
      witness.failure = failure;
      throw failure;
    }
  }
  return {
    generateDataKey: (request) => watch(kms.generateDataKey(request)),
    decrypt: (request) => watch(kms.decrypt(request)),
  };
}
