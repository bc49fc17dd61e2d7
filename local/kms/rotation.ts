/**
 * Key rotation: new material encrypts, and all former material still decrypts. Replicas rotate with their primary.
 */
import * as z from 'zod';
import { authorize, authorizeOwn } from './access.ts';
import { kmsError, notImplemented } from './errors.ts';
import { KEY_ID, parseInput } from './input.ts';
import { currentView, isReplica, type KmsKey } from './key.ts';
import { findKeyById } from './lookup.ts';
import { addMaterial } from './material.ts';
import type { Call, Operation } from './operation.ts';
import { requireEnabled } from './usable.ts';

export const rotateKeyOnDemand: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID }), input);
    const key = rotatableKey(call, request.KeyId, 'kms:RotateKeyOnDemand');
    addMaterial(call.store, key.keyId, { nowMs: call.nowMs, rotation: 'ON_DEMAND' });
    return { KeyId: key.arn };
  },
};

export const enableKeyRotation: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(enableRequest, input);
    const key = rotatableKey(call, request.KeyId, 'kms:EnableKeyRotation');
    const periodDays = request.RotationPeriodInDays ?? key.rotation?.periodDays ?? DEFAULT_PERIOD_DAYS;
    key.rotation = { periodDays, nextMs: call.nowMs + periodDays * DAY_MS };
    return {};
  },
};

export const disableKeyRotation: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID }), input);
    rotatableKey(call, request.KeyId, 'kms:DisableKeyRotation').rotation = undefined;
    return {};
  },
};

export const getKeyRotationStatus: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID }), input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorize(call, { key }, 'kms:GetKeyRotationStatus');
    requireSymmetric(key);
    const { rotation } = key;
    if (rotation === undefined) return { KeyId: key.arn, KeyRotationEnabled: false };
    return {
      KeyId: key.arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: rotation.periodDays,
      NextRotationDate: rotation.nextMs / 1000,
    };
  },
};

export const DAY_MS = 86_400_000;

const DEFAULT_PERIOD_DAYS = 365;
const enableRequest = z.object({ KeyId: KEY_ID, RotationPeriodInDays: z.int().min(90).max(2560).optional() });

function rotatableKey(call: Call, keyId: string, action: string): KmsKey {
  const key = findKeyById(call.store, call.caller, keyId);
  call.note.key = key;
  authorizeOwn(call, key, action);
  requireSymmetric(key);
  if (isReplica(key))
    throw kmsError('UnsupportedOperationException', `${key.arn} is a replica; rotate its primary key.`);
  requireEnabled(key, currentView(key).state);
  if (key.origin !== 'EXTERNAL') return key;
  if (action === 'kms:RotateKeyOnDemand') throw notImplemented('rotation of imported key material');
  throw kmsError(
    'UnsupportedOperationException',
    `${key.arn} origin is EXTERNAL which is not valid for rotation.`,
  );
}

function requireSymmetric(key: KmsKey): void {
  if (key.keySpec !== 'SYMMETRIC_DEFAULT')
    throw kmsError('UnsupportedOperationException', `${key.arn} key spec is ${key.keySpec}.`);
}
