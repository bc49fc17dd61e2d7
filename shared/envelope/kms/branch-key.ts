/**
 * Loads a branch key: reads its row from the Encryption SDK's key store, and has the tenant's KEK unwrap it. The key
 * store is strict, so a row that names another KEK opens nothing. KMS binds everything in a row, and the row names its
 * own place in the table.
 */
import { BranchKeyStoreNode } from '@aws-crypto/branch-keystore-node';
import { AuthenticationFailedError, SealstreamError } from '../../errors.ts';
import { KEY_STORE_NAME } from './key-store.ts';
import type { Kek } from './kek.ts';
import type { DecryptRequest, DataPathKms } from '../../ports/kms.ts';
import type { BranchKeyMaterial } from '../cache/kept-material.ts';
import type { FetchedKey } from '../cache/obtained-key.ts';
import { fetchKey } from './kms-call.ts';

/**
 * A key store whose calls all fail. A keyring demands a store even when its cache holds the branch key; with this one
 * no key comes from anywhere else.
 */
export const NO_STORE: BranchKeyStoreNode = new BranchKeyStoreNode({
  storage: {
    getEncryptedActiveBranchKey: unasked,
    getEncryptedBranchKeyVersion: unasked,
    getKeyStorageInfo: () => ({ name: KEY_STORE_NAME, logicalName: KEY_STORE_NAME }),
  },
  logicalKeyStoreName: KEY_STORE_NAME,
  kmsConfiguration: { identifier: 'arn:aws:kms:us-east-1:000000000000:key/none' },
});

/**
 * Fetches one version of a branch key; without `version` the active one. The caller zeroes the material.
 * @throws AuthenticationFailedError for a row that is missing, altered, or another tenant's
 * @throws StorageUnavailableError, and the errors of `kmsFailure`
 */
export async function fetchBranchKey(
  kek: Kek,
  branchKeyId: string,
  version?: string,
): Promise<FetchedKey<BranchKeyMaterial>> {
  try {
    return await fetchKey(kek, {
      operation: 'kms:Decrypt',
      ask: async (keyArn, kms) => {
        using client = decryptingClient(kms);
        const store = storeOf(kek, keyArn, client.kms);
        const material = await (version === undefined
          ? store.getActiveBranchKey(branchKeyId)
          : store.getBranchKeyVersion(branchKeyId, version));
        return requireOwn(kek, material);
      },
    });
  } catch (cause) {
    if (cause instanceof SealstreamError) throw cause;
    throw new AuthenticationFailedError(`tenant ${kek.tenantId}: branch key ${branchKeyId} does not verify`, {
      cause,
    });
  }
}

function storeOf(kek: Kek, keyArn: string, kmsClient: BranchKeyStoreNode['kmsClient']): BranchKeyStoreNode {
  return new BranchKeyStoreNode({
    storage: kek.keys.branchKeys,
    logicalKeyStoreName: KEY_STORE_NAME,
    keyManagement: { kmsClient },
    // The row names the region it was made in; any replica unwraps it.
    kmsConfiguration: kek.replicaArns.length === 0 ? { identifier: keyArn } : { mrkIdentifier: keyArn },
  });
}

function requireOwn({ tenantId }: Kek, material: BranchKeyMaterial): BranchKeyMaterial {
  if (material.encryptionContext['tenant-id'] === tenantId) return material;
  material.zeroUnencryptedDataKey();
  throw new Error('a branch key of another tenant');
}

/**
 * Returns a client that passes the one request of the key store on to `kms`. The key store accepts only the SDK's own
 * client, and leaves copies of the plaintext to the garbage collector. So this client answers with an ArrayBuffer,
 * which the key store views and does not copy, and zeroes it when it is disposed of.
 */
function decryptingClient(kms: DataPathKms): Disposable & { readonly kms: BranchKeyStoreNode['kmsClient'] } {
  const plaintext = Buffer.from(new ArrayBuffer(BRANCH_KEY_BYTES));
  async function send({ input }: { readonly input: DecryptRequest }): Promise<object> {
    const { Plaintext } = await kms.decrypt(input);
    // Precondition: the plaintext is as long as a branch key. A shorter one would leave zeros in the key.
    if (Plaintext?.length !== plaintext.length)
      throw new Error('KMS unwrapped something that is no branch key');
    plaintext.set(Plaintext);
    Plaintext.fill(0);
    return { Plaintext: plaintext.buffer };
  }
  return {
    kms: Object.create(NO_STORE.kmsClient, { send: { value: send } }),
    [Symbol.dispose]: () => void plaintext.fill(0),
  };
}

const BRANCH_KEY_BYTES = 32;

function unasked(): Promise<never> {
  return Promise.reject(
    new Error('the branch key is not in the cache, and nothing else may be asked for it'),
  );
}
