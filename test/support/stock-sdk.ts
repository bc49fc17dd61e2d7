/** The stock AWS Encryption SDK over the same KMS stand-in, without the product's code. */
import {
  type AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  KmsKeyringNode,
} from '@aws-crypto/client-node';
import type { KmsStandIn } from './kms-stand-in.ts';

export interface StockMessage {
  readonly plaintext: Buffer;
  readonly context: Readonly<Record<string, string>>;
}

export interface StockOptions {
  readonly suiteId?: AlgorithmSuiteIdentifier;
  readonly frameLength?: number;
  readonly commitmentPolicy?: CommitmentPolicy;
  /** Further keys that wrap the DEK. */
  readonly keyIds?: string[];
}

export interface StockRequest extends StockOptions {
  readonly keyArn: string;
  readonly context: Readonly<Record<string, string>>;
}

export async function stockDecrypt(
  kms: KmsStandIn,
  keyArn: string,
  message: Uint8Array,
): Promise<StockMessage> {
  const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const keyring = new KmsKeyringNode({ keyIds: [keyArn], clientProvider: () => kms });
  const { plaintext, messageHeader } = await decrypt(keyring, message);
  return { plaintext, context: { ...messageHeader.encryptionContext } };
}

export async function stockEncrypt(
  kms: KmsStandIn,
  plaintext: Uint8Array,
  request: StockRequest,
): Promise<Uint8Array> {
  const {
    keyArn,
    context,
    commitmentPolicy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    keyIds = [],
    ...input
  } = request;
  const keyring = new KmsKeyringNode({ generatorKeyId: keyArn, keyIds, clientProvider: () => kms });
  const { result } = await buildClient(commitmentPolicy).encrypt(keyring, plaintext, {
    encryptionContext: { ...context },
    ...input,
  });
  return result;
}
