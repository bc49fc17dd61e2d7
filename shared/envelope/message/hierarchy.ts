/**
 * keyMode `hierarchical`: each message has a DEK of its own, wrapped here by a branch key of the tenant, which KMS
 * unwraps once per `maxKeyAgeSeconds`.
 *
 * A keyring per message, given a copy of the branch key that is its own. A keyring that lives on reads the cache, then
 * awaits, then wraps with what it read; had a flush zeroed that in between, DEKs would be wrapped under zeros. What a
 * flush zeroes is never what a message holds.
 */
import {
  KmsHierarchicalKeyRingNode,
  NodeDefaultCryptographicMaterialsManager,
  type NodeMaterialsManager,
} from '@aws-crypto/client-node';
import { fetchBranchKey, NO_STORE } from '../kms/branch-key.ts';
import { keepsBranchKeys } from '../kms/kek.ts';
import { BRANCH_KEY, type BranchKeyMaterial, type SdkCache } from '../cache/kept-material.ts';
import type { FetchedKey } from '../cache/obtained-key.ts';
import type { MessageKey } from './message-key.ts';

/** Of a wrapped DEK. */
export const BRANCH_KEY_PROVIDER = 'aws-kms-hierarchy';

/** Salt, IV, then the version of the branch key: 16 bytes of a UUID. */
const VERSION_START = 16 + 12;
const VERSION_BYTES = 16;

/**
 * Runs `work` with a materials manager over the branch key. Without `wrappedDek`: the active version, else the one
 * that wrapped it. The copy of the branch key is zeroed when `work` is done.
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
    // Seconds, for the length of one call; how old the branch key may be was decided when it was found.
    cacheLimitTtl: 3_600,
  });
  return new NodeDefaultCryptographicMaterialsManager(keyring);
}

/** A cache of this one key. */
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

/** As text. What is no wrapped DEK at all names no version that exists. */
function versionOf(wrappedDek: Uint8Array): string {
  const version = wrappedDek.subarray(VERSION_START, VERSION_START + VERSION_BYTES);
  const digits = Buffer.from(version).toString('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}
