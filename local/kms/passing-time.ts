/** The changes of keys that time causes: material expires, keys are deleted, keys rotate. */
import type { AwsEvent } from '../front/service.ts';
import { forgetImported } from './import-material.ts';
import { beginPendingDeletion } from './key-deletion.ts';
import { currentView, isReplica, type KmsKey } from './key.ts';
import { keySet } from './lookup.ts';
import { addMaterial } from './material.ts';
import { DAY_MS } from './rotation.ts';
import type { Store } from './store.ts';
import { nativeEvent, serviceEvent } from './trail.ts';

/** Applies everything that is due, at the instants it was due, and returns the events; none when nothing was due. */
export function passTime(store: Store, nowMs: number): readonly AwsEvent[] {
  const keys = [...store.keys.values()];
  return [
    ...keys.flatMap((key) => expire(key, nowMs)),
    ...keys.flatMap((key) => rotate(store, key, nowMs)),
    ...keys.filter(isReplica).flatMap((key) => deleteKey(store, key, nowMs)),
    ...keys.filter((key) => !isReplica(key)).flatMap((key) => deleteKey(store, key, nowMs)),
  ];
}

function expire(key: KmsKey, nowMs: number): readonly AwsEvent[] {
  const expiresMs = key.imported?.expiresMs;
  if (expiresMs === undefined || expiresMs > nowMs) return [];
  forgetImported(key, expiresMs);
  return [
    serviceEvent('DeleteExpiredKeyMaterial', key, expiresMs),
    nativeEvent('KMS Imported Key Material Expiration', key, expiresMs),
  ];
}

/** Rotates a key when that is due. A key that is not enabled then is rotated when it is enabled again. */
function rotate(store: Store, key: KmsKey, nowMs: number): readonly AwsEvent[] {
  const { rotation } = key;
  if (rotation === undefined || rotation.nextMs > nowMs || currentView(key).state !== 'Enabled') return [];
  addMaterial(store, key.keyId, { nowMs, rotation: 'AUTOMATIC' });
  key.rotation = { ...rotation, nextMs: nowMs + rotation.periodDays * DAY_MS };
  return keySet(store, key).flatMap((member) => rotationEvents(member, nowMs));
}

function rotationEvents(key: KmsKey, nowMs: number): readonly AwsEvent[] {
  return [serviceEvent('RotateKey', key, nowMs), nativeEvent('KMS CMK Rotation', key, nowMs)];
}

function deleteKey(store: Store, key: KmsKey, nowMs: number): readonly AwsEvent[] {
  if (currentView(key).state === 'PendingReplicaDeletion' && keySet(store, key).length === 1)
    beginPendingDeletion(key, nowMs);
  if (key.deletionMs === undefined || key.deletionMs > nowMs) return [];
  store.keys.delete(key.arn);
  removeTraces(store, key);
  return [
    serviceEvent('DeleteKey', key, key.deletionMs),
    nativeEvent('KMS CMK Deletion', key, key.deletionMs),
  ];
}

function removeTraces(store: Store, key: KmsKey): void {
  if (keySet(store, key).length === 0) store.materials.delete(key.keyId);
  const dead = store.aliases.filter(
    ({ targetKeyId, accountId, region }) =>
      targetKeyId === key.keyId && accountId === key.accountId && region === key.region,
  );
  for (const alias of dead) store.aliases.splice(store.aliases.indexOf(alias), 1);
}
