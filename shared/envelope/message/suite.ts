/** FORMAT rules 6 and 7: the one suite and the one commitment policy, for both directions. */
import { AlgorithmSuiteIdentifier, buildClient, CommitmentPolicy } from '@aws-crypto/client-node';

/** AES-256-GCM, HKDF-SHA512, key commitment, no signature. */
export const SUITE: AlgorithmSuiteIdentifier =
  AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;

/** A message has one wrapped DEK. The bound stops a forged header from making KMS work for it. */
export const MAX_WRAPPED_DEKS = 1;

export const sdk: Pick<ReturnType<typeof buildClient>, 'encryptStream' | 'decryptStream'> = buildClient({
  commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
  maxEncryptedDataKeys: MAX_WRAPPED_DEKS,
});
