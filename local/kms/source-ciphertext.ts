/** The ciphertext a Decrypt or ReEncrypt starts from: which key it is for, who may open it, what is inside. */
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
  /** Unset where a dry run ignores the ciphertext. */
  readonly blob: Buffer | undefined;
  /** Unset where the ciphertext itself is to name its key. */
  readonly keyId: string | undefined;
}

export interface Opened {
  readonly plaintext: Buffer;
  readonly materialId: string | undefined;
}

/** Reads the source of a request. Throws ValidationException where ciphertext, key and modifiers do not fit together. */
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

/** The key of the source. Throws NotFoundException, or AccessDeniedException where only the ciphertext named it. */
export function sourceKey(call: Call, source: Source, action: string): FoundKey {
  if (source.keyId !== undefined) return findKey(call.store, call.caller, source.keyId);
  const keyId = source.blob === undefined ? '' : readHeader(source.blob).keyId;
  const key = findKeyInRegion(call.store, call.caller.region, keyId);
  if (key === undefined) throw unknownSource(call, action);
  return { key };
}

/** A caller that named no key learns nothing about a foreign one: missing and forbidden look the same. */
export function authorizeSource(
  call: Call,
  found: FoundKey,
  action: string,
  use: UseOfKey,
  source: Source,
): void {
  try {
    authorize(call, found, action, use);
  } catch (error) {
    const hidden = source.keyId === undefined && found.key.accountId !== call.caller.principal.accountId;
    throw hidden && error instanceof AwsError ? unknownSource(call, action) : error;
  }
}

/** Throws IncorrectKeyException, InvalidCiphertextException, or what the key's state demands. */
export function openSource(call: Call, key: KmsKey, source: Source, context: EncryptionContext): Opened {
  requireUsable(call, key);
  if (source.blob === undefined) return { plaintext: Buffer.alloc(0), materialId: undefined };
  const { keyId, materialId } = readHeader(source.blob);
  if (keyId !== key.keyId)
    throw kmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  return { plaintext: openBlob(source.blob, materialsOf(call.store, key), context), materialId };
}

function unknownSource(call: Call, action: string): Error {
  return kmsError(
    'AccessDeniedException',
    `User: ${call.caller.principal.arn} is not authorized to perform: ${action} on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );
}
