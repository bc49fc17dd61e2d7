/** FORMAT rules 6 and 7: the one suite and the one commitment policy, for both directions. */
import {
  AlgorithmSuiteIdentifier,
  CommitmentPolicy,
  NodeAlgorithmSuite,
} from '@aws-crypto/material-management-node';

/** AES-256-GCM, HKDF-SHA512, key commitment, no signature. */
export const SUITE: NodeAlgorithmSuite = new NodeAlgorithmSuite(
  AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
);

export const COMMITMENT_POLICY: CommitmentPolicy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT;

/** A message has one wrapped DEK. The bound stops a forged header from making KMS work for it. */
export const MAX_WRAPPED_DEKS = 1;
