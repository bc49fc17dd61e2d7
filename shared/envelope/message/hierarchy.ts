/**
 * keyMode `hierarchical`: each message has a DEK of its own, wrapped here by a branch key of the tenant. KMS unwraps
 * the branch key once per `maxKeyAgeSeconds`.
 *
 * Each message has a keyring of its own, with its own copy of the branch key. A keyring that lived longer would read
 * the branch key from the cache, wait, and then wrap with it; if a flush zeroed the key meanwhile, DEKs would be
 * wrapped under zeros. A flush never zeroes the copy that a message holds.
 */
import { KmsHierarchicalKeyRingNode } from '@aws-crypto/kms-keyring-node';
import {
  NodeDefaultCryptographicMaterialsManager,
  type NodeMaterialsManager,
} from '@aws-crypto/material-management-node';
import { fetchBranchKey, NO_STORE } from '../kms/branch-key.ts';
import { keepsBranchKeys } from '../kms/kek.ts';
import { BRANCH_KEY, type BranchKeyMaterial, type SdkCache } from '../cache/kept-material.ts';
import type { FetchedKey } from '../cache/obtained-key.ts';
import type { MessageKey } from './message-key.ts';

/** The provider id of a DEK that a branch key wrapped. */
export const BRANCH_KEY_PROVIDER = 'aws-kms-hierarchy';

/** A DEK wrapped by a branch key begins with a salt and an IV; then comes the version, a UUID of 16 bytes. */
const VERSION_START = 16 + 12;
const VERSION_BYTES = 16;

/**
 * Runs `work` with a materials manager over the branch key: over the version that wrapped `wrappedDek`, without one
 * over the active version. The copy of the branch key is zeroed when `work` is done.
 */
export async function withBranchKey<Result>(
  key: MessageKey,
  { branchKeyId, wrappedDek }: { readonly branchKeyId: string; readonly wrappedDek?: Uint8Array },
  work: (manager: NodeMaterialsManager) => Promise<Result>,
): Promise<Result> {
  const version = wrappedDek === undefined ? undefined : versionOf(wrappedDek);
  const branchKey = await branchKeyOf(key, branchKeyId, version);
  try {
    key.wrappedBy(branchKey.branchKeyVersion.toString());
    return await work(managerOf(branchKeyId, branchKey));
  } finally {
    branchKey.zeroUnencryptedDataKey();
  }
}

async function branchKeyOf(
  key: MessageKey,
  branchKeyId: string,
  version: string | undefined,
): Promise<BranchKeyMaterial> {
  const { kek } = key;
  const fetch = async (): Promise<FetchedKey<BranchKeyMaterial>> =>
    await fetchBranchKey(kek, branchKeyId, version);
  if (!keepsBranchKeys(kek)) return key.use(await fetch());
  const name = `branch key ${branchKeyId} ${version ?? 'active'}`;
  return await key.obtain({ name, kind: BRANCH_KEY, fetch });
}

function managerOf(branchKeyId: string, branchKey: BranchKeyMaterial): NodeMaterialsManager {
  const keyring = new KmsHierarchicalKeyRingNode({
    branchKeyId,
    keyStore: NO_STORE,
    cache: cacheHolding(branchKey),
    // In seconds. It must only last for one call: the age of the branch key was checked when it was found.
    cacheLimitTtl: 3_600,
  });
  return new NodeDefaultCryptographicMaterialsManager(keyring);
}

/** Returns a cache that holds this one key. */
function cacheHolding(response: BranchKeyMaterial): SdkCache {
  return {
    getBranchKeyMaterial: () => ({ response, now: Date.now() }),
    getEncryptionMaterial: () => false,
    getDecryptionMaterial: () => false,
    putBranchKeyMaterial: ignore,
    putEncryptionMaterial: ignore,
    putDecryptionMaterial: ignore,
    del: ignore,
  };
}

function ignore(): void {}

/** Returns the version as text. Bytes that are no wrapped DEK name a version that does not exist. */
function versionOf(wrappedDek: Uint8Array): string {
  const version = wrappedDek.subarray(VERSION_START, VERSION_START + VERSION_BYTES);
  const digits = Buffer.from(version).toString('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}
