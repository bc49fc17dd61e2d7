/**
 * Loads a branch key: its row from the Encryption SDK's key store, unwrapped by the tenant's KEK. The key store is
 * strict, so a row that names another key opens nothing; and KMS binds all of a row but its place in the table, which
 * the row names.
 */
import { BranchKeyStoreNode } from '@aws-crypto/client-node';
import { AuthenticationFailedError, SealstreamError } from '../../errors.ts';
import { KEY_STORE_NAME } from './key-store.ts';
import type { Kek } from './kek.ts';
import type { DecryptRequest, DataPathKms } from '../../ports/kms.ts';
import type { BranchKeyMaterial } from '../cache/kept-material.ts';
import type { FetchedKey } from '../cache/obtained-key.ts';
import { fetchKey } from './kms-call.ts';

/**
 * Has a branch key at hand, or nothing. A keyring demands a store even where its cache has the key: this one's calls
 * fail, so that no key comes from anywhere else.
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
 * Without `version`: the active one. What it returns is the caller's to zero.
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
 * The key store accepts the SDK's own client alone, and leaves copies of the plaintext to the garbage collector. So it
 * gets one that hands its one request on, and the plaintext in memory that is zeroed here: a view of an ArrayBuffer,
 * where a copy would be made of anything else.
 */
function decryptingClient(kms: DataPathKms): Disposable & { readonly kms: BranchKeyStoreNode['kmsClient'] } {
  const plaintext = Buffer.from(new ArrayBuffer(BRANCH_KEY_BYTES));
  async function send({ input }: { readonly input: DecryptRequest }): Promise<object> {
    const { Plaintext } = await kms.decrypt(input);
    // Precondition: a branch key. Anything shorter would leave zeros for one.
    if (Plaintext?.length !== plaintext.length) throw new Error('KMS unwrapped something else');
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
  return Promise.reject(new Error('the branch key was to be in the cache'));
}
