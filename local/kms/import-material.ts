/** ImportKeyMaterial and DeleteImportedKeyMaterial, for keys with the tenant's own material. */
import { constants, privateDecrypt } from 'node:crypto';
import * as z from 'zod';
import { kmsError, notImplemented } from './errors.ts';
import { findExternalKey } from './external-key.ts';
import { KEY_ID, blob, parseInput } from './input.ts';
import { changeView, currentView, type KmsKey } from './key.ts';
import { addMaterial, materialsOf } from './material.ts';
import type { Call, Operation } from './operation.ts';
import type { ImportToken } from './store.ts';
import { DELETING, refuseStates } from './usable.ts';

export const importKeyMaterial: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(importRequest, input);
    const key = findExternalKey(call, request.KeyId, 'kms:ImportKeyMaterial');
    const expiresMs = expiryOf(call, request);
    refuseStates(key, currentView(key).state, DELETING);
    if (request.ImportType === 'NEW_KEY_MATERIAL' && materialsOf(call.store, key).length > 0)
      throw notImplemented('rotation of imported key material');
    const token = takeToken(call, key, request.ImportToken);
    const material = acceptMaterial(call, key, unwrap(token, request.EncryptedKeyMaterial));
    key.imported = { expiresMs };
    // An expired or deleted key becomes enabled again. Importing into a usable one keeps its state.
    if (currentView(key).state === 'PendingImport') changeView(key, call.nowMs, { state: 'Enabled' });
    return { KeyId: key.arn, KeyMaterialId: material };
  },
};

export const deleteImportedKeyMaterial: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(deleteRequest, input);
    const key = findExternalKey(call, request.KeyId, 'kms:DeleteImportedKeyMaterial');
    const current = materialsOf(call.store, key).at(-1)?.id;
    if (request.KeyMaterialId !== undefined && request.KeyMaterialId !== current)
      throw kmsError('NotFoundException', `The key material ${request.KeyMaterialId} does not exist`);
    forgetImported(key, call.nowMs);
    return { KeyId: key.arn };
  },
};

/**
 * Ends imported material. Its ciphertexts can be decrypted again when the same material is imported again, so its
 * bytes stay. The key's state refuses every use of them meanwhile.
 */
export function forgetImported(key: KmsKey, atMs: number): void {
  key.imported = undefined;
  const { state } = currentView(key);
  if (state === 'Enabled' || state === 'Disabled') changeView(key, atMs, { state: 'PendingImport' });
}

const importRequest = z.object({
  KeyId: KEY_ID,
  ImportToken: blob(1, 6144),
  EncryptedKeyMaterial: blob(1, 6144),
  ValidTo: z.number().optional(),
  ExpirationModel: z
    .enum(['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE'])
    .default('KEY_MATERIAL_EXPIRES'),
  ImportType: z.enum(['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL']).optional(),
});

const deleteRequest = z.object({ KeyId: KEY_ID, KeyMaterialId: z.string().length(64).optional() });

function expiryOf(call: Call, request: z.infer<typeof importRequest>): number | undefined {
  const { ExpirationModel, ValidTo } = request;
  if ((ExpirationModel === 'KEY_MATERIAL_EXPIRES') !== (ValidTo !== undefined))
    throw kmsError(
      'ValidationException',
      'A validTo date must be set if, and only if, the key material expires.',
    );
  const expiresMs = ValidTo === undefined ? undefined : ValidTo * 1000;
  if (expiresMs !== undefined && expiresMs <= call.nowMs)
    throw kmsError('ValidationException', 'The validTo date must be in the future.');
  return expiresMs;
}

function takeToken(call: Call, key: KmsKey, bytes: Buffer): ImportToken {
  const text = bytes.toString('base64');
  const token = call.store.importTokens.find((entry) => entry.token === text && entry.keyArn === key.arn);
  if (token === undefined) throw kmsError('InvalidImportTokenException', 'The import token is invalid.');
  if (token.expiresMs <= call.nowMs)
    throw kmsError('ExpiredImportTokenException', 'The import token has expired.');
  return token;
}

function unwrap({ privateKey, oaepHash }: ImportToken, wrapped: Buffer): Buffer {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    return privateDecrypt({ key: privateKey, padding, oaepHash }, wrapped);
  } catch {
    throw kmsError('InvalidCiphertextException', '');
  }
}

/**
 * Checks and stores material, and returns its id. It must be 256 bits, and the same as any earlier material of the
 * key.
 */
function acceptMaterial(call: Call, key: KmsKey, bytes: Buffer): string {
  if (bytes.length !== 32)
    throw kmsError('IncorrectKeyMaterialException', 'The key material is not 256 bits long.');
  const known = materialsOf(call.store, key).at(-1);
  if (known === undefined) return addMaterial(call.store, key.keyId, { nowMs: call.nowMs, bytes }).id;
  if (known.bytes !== bytes.toString('base64'))
    throw kmsError('IncorrectKeyMaterialException', 'The key material is not the one imported before.');
  return known.id;
}
