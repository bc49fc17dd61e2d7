/** The ciphertext of a Decrypt or ReEncrypt: its key, the permission to decrypt it, and its plaintext. */
import { AwsError } from '../front/service.ts';
import { authorize, type UseOfKey } from './access.ts';
import { type EncryptionContext, openBlob, readHeader } from './ciphertext.ts';
import { kmsError } from './errors.ts';
import type { KmsKey } from './key.ts';
import { findKey, findKeyInRegion, type FoundKey } from './lookup.ts';
import { materialsOf } from './material.ts';
import type { Call } from './operation.ts';
import { requireUsable } from './usable.ts';

export interface Source {
  /** The blob. Undefined when a dry run ignores the ciphertext. */
  readonly blob: Buffer | undefined;
  /** The key that the caller named. Undefined when the ciphertext itself must name it. */
  readonly keyId: string | undefined;
}

export interface Opened {
  readonly plaintext: Buffer;
  readonly materialId: string | undefined;
}

/**
 * Reads the source of a request.
 * @throws ValidationException when ciphertext, key and modifiers do not fit together
 */
export function readSource(request: {
  readonly blob: Buffer | undefined;
  readonly keyId: string | undefined;
  readonly dryRun: boolean | undefined;
  readonly modifiers: readonly string[] | undefined;
}): Source {
  if (request.modifiers !== undefined && request.dryRun !== true)
    throw kmsError('ValidationException', 'DryRunModifiers can only be specified when DryRun is true');
  const ignored = request.modifiers?.includes('IGNORE_CIPHERTEXT') === true;
  if (!ignored && request.blob === undefined)
    throw kmsError('ValidationException', 'A ciphertext must be specified');
  if (ignored && request.keyId === undefined)
    throw kmsError('ValidationException', 'A key must be specified where the ciphertext is ignored');
  return { blob: ignored ? undefined : request.blob, keyId: request.keyId };
}

/**
 * Returns the key of the source.
 * @throws NotFoundException, or AccessDeniedException when only the ciphertext named it
 */
export function sourceKey(call: Call, source: Source, action: string): FoundKey {
  if (source.keyId !== undefined) return findKey(call.store, call.caller, source.keyId);
  const keyId = source.blob === undefined ? '' : readHeader(source.blob).keyId;
  const key = findKeyInRegion(call.store, call.caller.region, keyId);
  if (key === undefined) throw unknownSource(call, action);
  return { key };
}

/**
 * Checks access to the key. A caller that named no key must learn nothing about a foreign one, so missing and
 * forbidden look the same.
 * @throws AccessDeniedException
 */
export function authorizeSource(
  call: Call,
  { found, source }: { readonly found: FoundKey; readonly source: Source },
  { action, use }: { readonly action: string; readonly use: UseOfKey },
): void {
  try {
    authorize(call, found, action, use);
  } catch (error) {
    const hidden = source.keyId === undefined && found.key.accountId !== call.caller.principal.accountId;
    throw hidden && error instanceof AwsError ? unknownSource(call, action) : error;
  }
}

/**
 * Returns the plaintext.
 * @throws IncorrectKeyException, InvalidCiphertextException, or the refusal for the key's state
 */
export function openSource(
  call: Call,
  key: KmsKey,
  source: Source & { readonly context: EncryptionContext },
): Opened {
  requireUsable(call, key);
  if (source.blob === undefined) return { plaintext: Buffer.alloc(0), materialId: undefined };
  const { keyId, materialId } = readHeader(source.blob);
  if (keyId !== key.keyId)
    throw kmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  return { plaintext: openBlob(source.blob, materialsOf(call.store, key), source.context), materialId };
}

function unknownSource(call: Call, action: string): Error {
  return kmsError(
    'AccessDeniedException',
    `User: ${call.caller.principal.arn} is not authorized to perform: ${action} on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );
}
