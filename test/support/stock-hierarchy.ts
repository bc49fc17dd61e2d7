/**
 * The hierarchical keyring, cache and key store of the stock AWS Encryption SDK, over the same KMS stand-in and rows.
 */
import {
  BranchKeyStoreNode,
  buildClient,
  CommitmentPolicy,
  KmsHierarchicalKeyRingNode,
} from '@aws-crypto/client-node';
import { type Hierarchy, kmsClientOf } from './branch-keys.ts';
import type { StockMessage } from './stock-sdk.ts';

/** FORMAT rule 25. */
const KEY_STORE_NAME = 'sealstream';

/** Opens a message of acme. */
export async function stockHierarchyDecrypt(
  { kms, store, acme }: Pick<Hierarchy, 'kms' | 'store' | 'acme'>,
  message: Uint8Array,
): Promise<StockMessage> {
  const keyStore = new BranchKeyStoreNode({
    storage: store.table,
    logicalKeyStoreName: KEY_STORE_NAME,
    keyManagement: { kmsClient: kmsClientOf(kms) },
    kmsConfiguration: { identifier: acme.kekArn },
  });
  const branchKeyId = acme.branchKeyId ?? '';
  const keyring = new KmsHierarchicalKeyRingNode({ branchKeyId, keyStore, cacheLimitTtl: 60 });
  const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const { plaintext, messageHeader } = await decrypt(keyring, message);
  return { plaintext, context: { ...messageHeader.encryptionContext } };
}
