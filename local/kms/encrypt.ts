/** Encrypt, Decrypt and ReEncrypt. */
import { z } from 'zod';
import { AwsError } from '../service.ts';
import { authorize } from './access.ts';
import { openBlob, readHeader, sealBlob } from './ciphertext.ts';
import type { EncryptionContext } from './ciphertext.ts';
import { endDryRun, kmsError, notImplemented } from './errors.ts';
import { DRY_RUN, ENCRYPTION_CONTEXT, GRANT_TOKENS, KEY_ID, SYMMETRIC, blob, parseInput } from './input.ts';
import type { KmsKey } from './key.ts';
import { findKey, findKeyInRegion } from './lookup.ts';
import type { FoundKey } from './lookup.ts';
import { currentMaterial, materialsOf } from './material.ts';
import type { Call, Operation } from './operation.ts';
import { requireUsable } from './usable.ts';

export const encrypt: Operation = {
  kind: 'use',
  run(call, input) {
    const request = parseInput(encryptRequest, input);
    const { EncryptionContext: encryptionContext, GrantTokens: grantTokens } = request;
    Object.assign(call.note, { encryptionContext, dryRun: request.DryRun === true });
    requireSymmetric(request.EncryptionAlgorithm);
    const found = findKey(call.store, call.caller, request.KeyId);
    call.note.key = found.key;
    authorize(call, found, 'kms:Encrypt', { encryptionContext, grantTokens, context: ALGORITHM });
    requireUsable(call, found.key);
    endDryRun(request.DryRun);
    return {
      CiphertextBlob: seal(call, found.key, encryptionContext, request.Plaintext),
      KeyId: found.key.arn,
      EncryptionAlgorithm: SYMMETRIC,
    };
  },
};

export const decrypt: Operation = {
  kind: 'use',
  run(call, input) {
    const request = parseInput(decryptRequest, input);
    const { EncryptionContext: encryptionContext, GrantTokens: grantTokens, CiphertextBlob } = request;
    Object.assign(call.note, { encryptionContext, dryRun: request.DryRun === true });
    requireSymmetric(request.EncryptionAlgorithm);
    if (request.Recipient !== undefined) throw notImplemented('Recipient');
    const source = { blob: ignoresCiphertext(request) ? undefined : CiphertextBlob, keyId: request.KeyId };
    const found = sourceKey(call, source, 'kms:Decrypt');
    call.note.key = found.key;
    const use = { encryptionContext, grantTokens, context: ALGORITHM };
    authorizeSource(call, found, 'kms:Decrypt', use, source);
    const opened = open(call, found.key, source.blob, encryptionContext);
    endDryRun(request.DryRun);
    return {
      KeyId: found.key.arn,
      Plaintext: opened.plaintext.toString('base64'),
      EncryptionAlgorithm: SYMMETRIC,
      KeyMaterialId: opened.materialId,
    };
  },
};

export const reEncrypt: Operation = {
  kind: 'use',
  run(call, input) {
    const request = parseInput(reEncryptRequest, input);
    const from = request.SourceEncryptionContext;
    const to = request.DestinationEncryptionContext;
    Object.assign(call.note, { encryptionContext: to, dryRun: request.DryRun === true });
    requireSymmetric(request.SourceEncryptionAlgorithm);
    requireSymmetric(request.DestinationEncryptionAlgorithm);
    const source = {
      blob: ignoresCiphertext(request) ? undefined : request.CiphertextBlob,
      keyId: request.SourceKeyId,
    };
    const target = findKey(call.store, call.caller, request.DestinationKeyId);
    call.note.key = target.key;
    const origin = sourceKey(call, source, 'kms:ReEncryptFrom');
    const context = { ...ALGORITHM, 'kms:ReEncryptOnSameKey': String(origin.key === target.key) };
    const use = { grantTokens: request.GrantTokens, context };
    authorizeSource(call, origin, 'kms:ReEncryptFrom', { ...use, encryptionContext: from }, source);
    authorize(call, target, 'kms:ReEncryptTo', { ...use, encryptionContext: to });
    requireUsable(call, target.key);
    const opened = open(call, origin.key, source.blob, from);
    endDryRun(request.DryRun);
    return {
      CiphertextBlob: seal(call, target.key, to, opened.plaintext),
      SourceKeyId: origin.key.arn,
      KeyId: target.key.arn,
      SourceEncryptionAlgorithm: SYMMETRIC,
      DestinationEncryptionAlgorithm: SYMMETRIC,
      SourceKeyMaterialId: opened.materialId,
      DestinationKeyMaterialId: currentMaterial(call.store, target.key).id,
    };
  },
};

const algorithm = z.string().optional();
const modifiers = z.array(z.enum(['IGNORE_CIPHERTEXT'])).optional();
const ciphertext = blob(1, 6144).optional();
const ALGORITHM = { 'kms:EncryptionAlgorithm': SYMMETRIC };

const encryptRequest = z.object({
  KeyId: KEY_ID,
  Plaintext: blob(1, 4096),
  EncryptionContext: ENCRYPTION_CONTEXT,
  GrantTokens: GRANT_TOKENS,
  EncryptionAlgorithm: algorithm,
  DryRun: DRY_RUN,
});

const decryptRequest = z.object({
  KeyId: KEY_ID.optional(),
  CiphertextBlob: ciphertext,
  EncryptionContext: ENCRYPTION_CONTEXT,
  GrantTokens: GRANT_TOKENS,
  EncryptionAlgorithm: algorithm,
  Recipient: z.unknown().optional(),
  DryRun: DRY_RUN,
  DryRunModifiers: modifiers,
});

const reEncryptRequest = z.object({
  CiphertextBlob: ciphertext,
  SourceEncryptionContext: ENCRYPTION_CONTEXT,
  SourceKeyId: KEY_ID.optional(),
  DestinationKeyId: KEY_ID,
  DestinationEncryptionContext: ENCRYPTION_CONTEXT,
  SourceEncryptionAlgorithm: algorithm,
  DestinationEncryptionAlgorithm: algorithm,
  GrantTokens: GRANT_TOKENS,
  DryRun: DRY_RUN,
  DryRunModifiers: modifiers,
});

interface Source {
  readonly blob: Buffer | undefined;
  readonly keyId: string | undefined;
}

function requireSymmetric(name: string | undefined): void {
  if (name !== undefined && name !== SYMMETRIC) throw notImplemented(`the encryption algorithm ${name}`);
}

/** IGNORE_CIPHERTEXT asks about permission alone, and only a dry run can ask so. */
function ignoresCiphertext(request: {
  readonly DryRun?: boolean | undefined;
  readonly DryRunModifiers?: readonly string[] | undefined;
}): boolean {
  if (request.DryRunModifiers === undefined) return false;
  if (request.DryRun !== true)
    throw kmsError('ValidationException', 'DryRunModifiers can only be specified when DryRun is true');
  return request.DryRunModifiers.includes('IGNORE_CIPHERTEXT');
}

/** The key of a request; the one its ciphertext names where it names none. */
function sourceKey(call: Call, source: Source, action: string): FoundKey {
  if (source.keyId === undefined && source.blob === undefined)
    throw kmsError('ValidationException', 'Either a ciphertext or a key must be specified');
  const found = source.keyId === undefined ? undefined : findKey(call.store, call.caller, source.keyId);
  const named = found?.key ?? keyOfBlob(call, source.blob);
  if (named === undefined) throw unknownSource(call, action);
  return found ?? { key: named };
}

function keyOfBlob(call: Call, bytes: Buffer | undefined): KmsKey | undefined {
  return bytes === undefined
    ? undefined
    : findKeyInRegion(call.store, call.caller.region, readHeader(bytes).keyId);
}

/** A caller that named no key learns nothing about the ciphertext's: missing and foreign look the same. */
function authorizeSource(
  call: Call,
  found: FoundKey,
  action: string,
  use: Parameters<typeof authorize>[3],
  source: Source,
): void {
  try {
    authorize(call, found, action, use);
  } catch (error) {
    const hidden = source.keyId === undefined && found.key.accountId !== call.caller.principal.accountId;
    throw hidden && error instanceof AwsError ? unknownSource(call, action) : error;
  }
}

function unknownSource(call: Call, action: string): Error {
  return kmsError(
    'AccessDeniedException',
    `User: ${call.caller.principal.arn} is not authorized to perform: ${action} on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );
}

function seal(call: Call, key: KmsKey, context: EncryptionContext, plaintext: Buffer): string {
  return sealBlob(key.keyId, currentMaterial(call.store, key), context, plaintext).toString('base64');
}

function open(
  call: Call,
  key: KmsKey,
  bytes: Buffer | undefined,
  context: EncryptionContext,
): { plaintext: Buffer; materialId: string | undefined } {
  requireUsable(call, key);
  if (bytes === undefined) return { plaintext: Buffer.alloc(0), materialId: undefined };
  const { keyId, materialId } = readHeader(bytes);
  if (keyId !== key.keyId)
    throw kmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  return { plaintext: openBlob(bytes, materialsOf(call.store, key), context), materialId };
}
