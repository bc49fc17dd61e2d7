/** Keys with imported material. */
import { authorizeOwn } from './access.ts';
import { kmsError, notImplemented } from './errors.ts';
import type { KmsKey } from './key.ts';
import { findKeyById } from './lookup.ts';
import type { Call } from './operation.ts';

/**
 * Finds a key and checks access to it.
 * @throws UnsupportedOperationException for a key with material of AWS
 */
export function findExternalKey(call: Call, keyId: string, action: string): KmsKey {
  const key = findKeyById(call.store, call.caller, keyId);
  call.note.key = key;
  authorizeOwn(call, key, action);
  if (key.origin !== 'EXTERNAL')
    throw kmsError(
      'UnsupportedOperationException',
      `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
    );
  if (key.keySpec !== 'SYMMETRIC_DEFAULT') throw notImplemented(`imported material of ${key.keySpec} keys`);
  return key;
}
