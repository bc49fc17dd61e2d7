/** The check that a key can do cryptography now. KMS makes it only after the caller has proved its permission. */
import { kmsError } from './errors.ts';
import type { KeyState, KmsKey } from './key.ts';
import type { Call } from './operation.ts';

/** @throws InvalidKeyUsageException, DisabledException, or KMSInvalidStateException */
export function requireUsable(call: Call, key: KmsKey): void {
  if (key.keyUsage !== 'ENCRYPT_DECRYPT')
    throw kmsError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.keyUsage} which is not valid here.`,
    );
  if (key.keySpec !== 'SYMMETRIC_DEFAULT')
    throw kmsError(
      'InvalidKeyUsageException',
      `${key.arn} key spec is ${key.keySpec} which is not valid here.`,
    );
  requireEnabled(key, call.viewOf(key).state);
}

/** @throws DisabledException or KMSInvalidStateException */
export function requireEnabled(key: KmsKey, state: KeyState): void {
  if (state === 'Disabled') throw kmsError('DisabledException', `${key.arn} is disabled.`);
  if (state !== 'Enabled') throw invalidState(key, state);
}

/** @throws KMSInvalidStateException when the key is in one of the states */
export function refuseStates(key: KmsKey, state: KeyState, refused: readonly KeyState[]): void {
  if (refused.includes(state)) throw invalidState(key, state);
}

/** The states of a key that is going to be deleted. */
export const DELETING: readonly KeyState[] = ['PendingDeletion', 'PendingReplicaDeletion'];

function invalidState(key: KmsKey, state: KeyState): Error {
  const words: Readonly<Record<KeyState, string>> = {
    Enabled: 'enabled',
    Disabled: 'disabled',
    PendingDeletion: 'pending deletion',
    PendingImport: 'pending import',
    PendingReplicaDeletion: 'pending replica deletion',
  };
  return kmsError('KMSInvalidStateException', `${key.arn} is ${words[state]}.`);
}
