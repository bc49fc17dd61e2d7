/**
 * Materials as the cache keeps them. The plaintext key is in bytes of our own, so that it is zeroed the moment it is
 * dropped. The cache hands out clones, since the Encryption SDK zeroes the materials that it has used.
 */
import type { CryptographicMaterialsCache } from '@aws-crypto/cache-material';
import {
  KeyringTraceFlag,
  type NodeAlgorithmSuite,
  NodeDecryptionMaterial,
  NodeEncryptionMaterial,
  unwrapDataKey,
} from '@aws-crypto/material-management-node';
import { KeyObject } from 'node:crypto';

/** The Encryption SDK's interface of a cache. */
export type SdkCache = CryptographicMaterialsCache<NodeAlgorithmSuite>;

export type BranchKeyMaterial = Parameters<SdkCache['putBranchKeyMaterial']>[1];

/** A kind of materials. It copies them into the cache and out of it. */
export interface MaterialKind<Material> {
  /** True when the key encrypts messages. Such a key wears out, and then KMS generates another one. */
  readonly encrypts: boolean;
  /** Copies the key; the material given stays the caller's. */
  readonly keep: (material: Material) => KeptMaterial;
  /** Returns a copy for the caller to use and to zero; undefined when `kept` is of another kind. Throws once zeroed. */
  readonly cloneOf: (kept: KeptMaterial) => Material | undefined;
}

export const ENCRYPTION: MaterialKind<NodeEncryptionMaterial> = {
  encrypts: true,
  keep: keepEncryption,
  cloneOf: (kept) => (kept.kind === 'encryption' ? kept.clone() : undefined),
};

export const DECRYPTION: MaterialKind<NodeDecryptionMaterial> = {
  encrypts: false,
  keep: keepDecryption,
  cloneOf: (kept) => (kept.kind === 'decryption' ? kept.clone() : undefined),
};

export const BRANCH_KEY: MaterialKind<BranchKeyMaterial> = {
  encrypts: false,
  keep: keepBranchKey,
  cloneOf: (kept) => (kept.kind === 'branch key' ? kept.clone() : undefined),
};

interface Kept<Kind extends string, Material> {
  readonly kind: Kind;
  readonly clone: () => Material;
  readonly zero: () => void;
}

export type KeptMaterial =
  | Kept<'encryption', NodeEncryptionMaterial>
  | Kept<'decryption', NodeDecryptionMaterial>
  | Kept<'branch key', BranchKeyMaterial>;

function keepEncryption(material: NodeEncryptionMaterial): KeptMaterial {
  const { suite, encryptionContext, encryptedDataKeys, keyringTrace } = material;
  const kept = keep(dekOf(material));
  function clone(): NodeEncryptionMaterial {
    const cloned = new NodeEncryptionMaterial(suite, encryptionContext);
    cloned.setUnencryptedDataKey(kept.copy(), firstOf(keyringTrace));
    for (const wrapped of encryptedDataKeys) cloned.addEncryptedDataKey(wrapped, WRAPPED);
    return zeroExportedCopies(cloned);
  }
  return { kind: 'encryption', clone, zero: kept.zero };
}

function keepDecryption(material: NodeDecryptionMaterial): KeptMaterial {
  const { suite, encryptionContext, keyringTrace } = material;
  const kept = keep(dekOf(material));
  function clone(): NodeDecryptionMaterial {
    const cloned = new NodeDecryptionMaterial(suite, encryptionContext);
    cloned.setUnencryptedDataKey(kept.copy(), firstOf(keyringTrace));
    return zeroExportedCopies(cloned);
  }
  return { kind: 'decryption', clone, zero: kept.zero };
}

function keepBranchKey(material: BranchKeyMaterial): KeptMaterial {
  const { branchKeyIdentifier, branchKeyVersion, encryptionContext } = material;
  const kept = keep(copyOffHeap(material.branchKey()));
  function clone(): BranchKeyMaterial {
    const key = kept.copy();
    const names = [branchKeyIdentifier, branchKeyVersion.toString(), encryptionContext];
    // The Encryption SDK does not export the class; it copies the key it is made of.
    const cloned: BranchKeyMaterial = Reflect.construct(material.constructor, [key, ...names]);
    key.fill(0);
    return cloned;
  }
  return { kind: 'branch key', clone, zero: kept.zero };
}

/**
 * Returns the same material, whose exported copies of the DEK are zeroed from now on. The Encryption SDK takes a copy
 * out of a KeyObject, derives the key of a message from it, and leaves it to the garbage collector. The SDK does so in
 * synchronous code, so a microtask zeroes the copy right after it.
 */
export function zeroExportedCopies<Material extends NodeEncryptionMaterial | NodeDecryptionMaterial>(
  material: Material,
): Material {
  const key = material.getUnencryptedDataKey();
  if (!(key instanceof KeyObject)) return material;
  const take = key.export.bind(key);
  function exportBriefly(): Buffer {
    const copy = take();
    queueMicrotask(() => copy.fill(0));
    return copy;
  }
  Object.defineProperty(key, 'export', { value: exportBriefly, configurable: true });
  return material;
}

const WRAPPED: KeyringTraceFlag =
  KeyringTraceFlag.WRAPPING_KEY_ENCRYPTED_DATA_KEY | KeyringTraceFlag.WRAPPING_KEY_SIGNED_ENC_CTX;

function dekOf(material: NodeEncryptionMaterial | NodeDecryptionMaterial): Uint8Array {
  return copyOffHeap(unwrapDataKey(zeroExportedCopies(material).getUnencryptedDataKey()));
}

/** Keeps `bytes`, which the caller must not use any more. */
function keep(bytes: Uint8Array): { readonly copy: () => Buffer<ArrayBuffer>; readonly zero: () => void } {
  let zeroed = false;
  return {
    copy() {
      if (zeroed) throw new Error('the key was dropped');
      return copyOffHeap(bytes);
    },
    zero() {
      zeroed = true;
      bytes.fill(0);
    },
  };
}

/**
 * Copies the bytes into memory of their own. Small arrays live on V8's heap, whose collector moves them and leaves the
 * old place as it is.
 */
function copyOffHeap(bytes: Uint8Array): Buffer<ArrayBuffer> {
  const copy = Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function firstOf<T>([first]: readonly T[]): T {
  if (first === undefined) throw new Error('materials do not say which key wrapped their DEK');
  return first;
}
