/** The material of a KMS key: the last encrypts, all of them decrypt. */
import { randomBytes } from 'node:crypto';
import type { KmsKey } from './key.ts';
import type { KeyMaterial, Store } from './store.ts';

export function materialsOf(store: Store, key: KmsKey): readonly KeyMaterial[] {
  return store.materials.get(key.keyId) ?? [];
}

/** Returns the material that encrypts. Precondition: the key is symmetric and usable, and therefore has material. */
export function currentMaterial(store: Store, key: KmsKey): KeyMaterial {
  const material = materialsOf(store, key).at(-1);
  if (material === undefined) throw new Error(`The key ${key.keyId} has no material`);
  return material;
}

interface AddedMaterial extends Pick<KeyMaterial, 'rotation'> {
  readonly nowMs: number;
  readonly bytes?: Buffer;
}

/** Adds material that encrypts from now on: the given bytes, by default new random ones. */
export function addMaterial(
  store: Store,
  keyId: string,
  { nowMs, bytes = randomBytes(32), rotation }: AddedMaterial,
): KeyMaterial {
  const material = {
    id: randomBytes(32).toString('hex'),
    bytes: bytes.toString('base64'),
    createdMs: nowMs,
    rotation,
  };
  store.materials.set(keyId, [...(store.materials.get(keyId) ?? []), material]);
  return material;
}
