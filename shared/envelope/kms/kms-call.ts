/**
 * Fetches one key from KMS through the Encryption SDK: with one call, or a few when the KEK has replicas. The
 * Encryption SDK drops the exception of KMS when it decrypts, so a witness keeps it.
 */
import { AwsKmsMrkAwareSymmetricKeyringNode } from '@aws-crypto/kms-keyring-node';
import type { KeyringNode } from '@aws-crypto/material-management-node';
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

/** A call of KMS that yields a key's material. */
export interface KmsCall<Material> {
  readonly operation: KmsOperation;
  /** Asks `kms` for the material, with this key and no other. */
  readonly ask: (keyArn: string, kms: DataPathKms) => Promise<Material>;
}

/**
 * Asks the KMS of the KEK's own region; when that is out of reach, asks those of its replicas in turn. A refusal is not
 * an outage: it ends the search, and every cached key under the KEK is dropped before the error is thrown.
 */
export async function fetchKey<Material>(
  kek: Kek,
  call: KmsCall<Material>,
  [keyArn = kek.arn, ...others]: readonly string[] = inOrderOfReach(kek),
): Promise<FetchedKey<Material>> {
  try {
    return await fetchKeyFrom(kek, keyArn, call);
  } catch (error) {
    // An error without a cause is not from KMS: our own rate limit (kms-rate.ts) held the call back, for every region.
    if (!(error instanceof KmsUnavailableError) || error.cause === undefined) throw error;
    noteOutage(kek, keyArn);
    if (others.length === 0) throw error;
    return await fetchKey(kek, call, others);
  }
}

/** Returns a strict keyring: only this key wraps and unwraps DEKs, or one of its replicas if it is multi-Region. */
export function keyringOf(keyArn: string, kms: DataPathKms): KeyringNode {
  const client = {
    generateDataKey: async (request: GenerateDataKeyRequest) => await kms.generateDataKey(request),
    decrypt: async (request: DecryptRequest) => await kms.decrypt(request),
    // Invariant: a message has one wrapped DEK, so the Encryption SDK never wraps a DEK a second time.
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
