/** Decrypt. A dry run with IGNORE_CIPHERTEXT checks permission and key state alone. */
import * as z from 'zod';
import {
  ALGORITHM,
  ALGORITHM_CONDITION,
  SYMMETRIC,
  requireSymmetricAlgorithm,
} from './encryption-algorithm.ts';
import { endDryRun, notImplemented } from './errors.ts';
import {
  CIPHERTEXT,
  DRY_RUN,
  DRY_RUN_MODIFIERS,
  ENCRYPTION_CONTEXT,
  GRANT_TOKENS,
  KEY_ID,
  parseInput,
} from './input.ts';
import type { Operation } from './operation.ts';
import { authorizeSource, openSource, readSource, type Source, sourceKey } from './source-ciphertext.ts';

export const decrypt: Operation = {
  kind: 'use',
  run(call, input) {
    const request = parseInput(decryptRequest, input);
    const { EncryptionContext: encryptionContext, GrantTokens: grantTokens } = request;
    Object.assign(call.note, { encryptionContext, dryRun: request.DryRun === true });
    const source = sourceOf(request);
    const found = sourceKey(call, source, ACTION);
    call.note.key = found.key;
    const use = { encryptionContext, grantTokens, context: ALGORITHM_CONDITION };
    authorizeSource(call, { found, source }, { action: ACTION, use });
    const opened = openSource(call, found.key, { ...source, context: encryptionContext });
    endDryRun(request.DryRun);
    return {
      KeyId: found.key.arn,
      Plaintext: opened.plaintext.toString('base64'),
      EncryptionAlgorithm: SYMMETRIC,
      KeyMaterialId: opened.materialId,
    };
  },
};

const ACTION = 'kms:Decrypt';

const decryptRequest = z.object({
  KeyId: KEY_ID.optional(),
  CiphertextBlob: CIPHERTEXT,
  EncryptionContext: ENCRYPTION_CONTEXT,
  GrantTokens: GRANT_TOKENS,
  EncryptionAlgorithm: ALGORITHM,
  Recipient: z.unknown().optional(),
  DryRun: DRY_RUN,
  DryRunModifiers: DRY_RUN_MODIFIERS,
});

function sourceOf(request: z.infer<typeof decryptRequest>): Source {
  requireSymmetricAlgorithm(request.EncryptionAlgorithm);
  if (request.Recipient !== undefined) throw notImplemented('Recipient');
  const { CiphertextBlob, KeyId, DryRun, DryRunModifiers } = request;
  return readSource({ blob: CiphertextBlob, keyId: KeyId, dryRun: DryRun, modifiers: DryRunModifiers });
}
