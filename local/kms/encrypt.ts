/** Encrypt. */
import * as z from 'zod';
import { authorize } from './access.ts';
import { sealBlob } from './ciphertext.ts';
import {
  ALGORITHM,
  ALGORITHM_CONDITION as context,
  SYMMETRIC,
  requireSymmetricAlgorithm,
} from './encryption-algorithm.ts';
import { endDryRun } from './errors.ts';
import { DRY_RUN, ENCRYPTION_CONTEXT, GRANT_TOKENS, KEY_ID, blob, parseInput } from './input.ts';
import { findKey } from './lookup.ts';
import { currentMaterial } from './material.ts';
import type { Operation } from './operation.ts';
import { requireUsable } from './usable.ts';

export const encrypt: Operation = {
  kind: 'use',
  run(call, input) {
    const request = parseInput(encryptRequest, input);
    const { EncryptionContext: encryptionContext, GrantTokens: grantTokens } = request;
    Object.assign(call.note, { encryptionContext, dryRun: request.DryRun === true });
    requireSymmetricAlgorithm(request.EncryptionAlgorithm);
    const found = findKey(call.store, call.caller, request.KeyId);
    const { key } = found;
    call.note.key = key;
    authorize(call, found, 'kms:Encrypt', { encryptionContext, grantTokens, context });
    requireUsable(call, key);
    endDryRun(request.DryRun);
    const material = currentMaterial(call.store, key);
    const sealed = sealBlob({ keyId: key.keyId, material }, encryptionContext, request.Plaintext);
    return { CiphertextBlob: sealed.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: SYMMETRIC };
  },
};

const encryptRequest = z.object({
  KeyId: KEY_ID,
  Plaintext: blob(1, 4096),
  EncryptionContext: ENCRYPTION_CONTEXT,
  GrantTokens: GRANT_TOKENS,
  EncryptionAlgorithm: ALGORITHM,
  DryRun: DRY_RUN,
});
