/** GenerateDataKey, GenerateDataKeyWithoutPlaintext and GenerateRandom. */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { authorize, authorizeIdentity } from './access.ts';
import { sealBlob } from './ciphertext.ts';
import { endDryRun, kmsError, notImplemented } from './errors.ts';
import { DRY_RUN, ENCRYPTION_CONTEXT, GRANT_TOKENS, KEY_ID, parseInput } from './input.ts';
import { findKey } from './lookup.ts';
import { currentMaterial } from './material.ts';
import type { Call, Input, Operation } from './operation.ts';
import { requireUsable } from './usable.ts';

export const generateDataKey: Operation = {
  kind: 'use',
  run(call, input) {
    const { plaintext, ...answer } = generate(call, input, 'kms:GenerateDataKey');
    return { Plaintext: plaintext.toString('base64'), ...answer };
  },
};

export const generateDataKeyWithoutPlaintext: Operation = {
  kind: 'use',
  run(call, input) {
    const { CiphertextBlob, KeyId, KeyMaterialId } = generate(
      call,
      input,
      'kms:GenerateDataKeyWithoutPlaintext',
    );
    return { CiphertextBlob, KeyId, KeyMaterialId };
  },
};

export const generateRandom: Operation = {
  kind: 'use',
  run(call, input) {
    const request = parseInput(randomRequest, input);
    if (request.Recipient !== undefined || request.CustomKeyStoreId !== undefined)
      throw notImplemented('Recipient and CustomKeyStoreId');
    authorizeIdentity(call, 'kms:GenerateRandom');
    return { Plaintext: randomBytes(request.NumberOfBytes).toString('base64') };
  },
};

const numberOfBytes = z.int().min(1).max(1024);

const dataKeyRequest = z.object({
  KeyId: KEY_ID,
  KeySpec: z.enum(['AES_128', 'AES_256']).optional(),
  NumberOfBytes: numberOfBytes.optional(),
  EncryptionContext: ENCRYPTION_CONTEXT,
  GrantTokens: GRANT_TOKENS,
  Recipient: z.unknown().optional(),
  DryRun: DRY_RUN,
});

const randomRequest = z.object({
  NumberOfBytes: numberOfBytes,
  Recipient: z.unknown().optional(),
  CustomKeyStoreId: z.unknown().optional(),
});

interface DataKey {
  readonly plaintext: Buffer;
  readonly CiphertextBlob: string;
  readonly KeyId: string;
  readonly KeyMaterialId: string;
}

function generate(call: Call, input: Input, action: string): DataKey {
  const request = parseInput(dataKeyRequest, input);
  const { EncryptionContext: encryptionContext, GrantTokens: grantTokens } = request;
  Object.assign(call.note, { encryptionContext, dryRun: request.DryRun === true });
  const bytes = dataKeyBytes(request);
  if (request.Recipient !== undefined) throw notImplemented('Recipient');
  const found = findKey(call.store, call.caller, request.KeyId);
  call.note.key = found.key;
  authorize(call, found, action, { encryptionContext, grantTokens });
  requireUsable(call, found.key);
  endDryRun(request.DryRun);
  const material = currentMaterial(call.store, found.key);
  const plaintext = randomBytes(bytes);
  const sealed = sealBlob({ keyId: found.key.keyId, material }, encryptionContext, plaintext);
  return {
    plaintext,
    CiphertextBlob: sealed.toString('base64'),
    KeyId: found.key.arn,
    KeyMaterialId: material.id,
  };
}

function dataKeyBytes(request: z.infer<typeof dataKeyRequest>): number {
  const { KeySpec, NumberOfBytes } = request;
  if ((KeySpec === undefined) === (NumberOfBytes === undefined))
    throw kmsError('ValidationException', 'Please specify either number of bytes or key spec.');
  return NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32);
}
