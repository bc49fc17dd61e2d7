/** ReEncrypt: it moves a ciphertext from one key and context to another. The plaintext does not leave KMS. */
import * as z from 'zod';
import { authorize } from './access.ts';
import { sealBlob } from './ciphertext.ts';
import {
  ALGORITHM,
  ALGORITHM_CONDITION,
  SYMMETRIC,
  requireSymmetricAlgorithm,
} from './encryption-algorithm.ts';
import { endDryRun } from './errors.ts';
import {
  CIPHERTEXT,
  DRY_RUN,
  DRY_RUN_MODIFIERS,
  ENCRYPTION_CONTEXT,
  GRANT_TOKENS,
  KEY_ID,
  parseInput,
} from './input.ts';
import type { KmsKey } from './key.ts';
import { findKey, type FoundKey } from './lookup.ts';
import { currentMaterial } from './material.ts';
import type { Call, Operation } from './operation.ts';
import {
  authorizeSource,
  type Opened,
  openSource,
  readSource,
  type Source,
  sourceKey,
} from './source-ciphertext.ts';
import { requireUsable } from './usable.ts';

export const reEncrypt: Operation = {
  kind: 'use',
  run(call, input) {
    const request = parseInput(reEncryptRequest, input);
    const { DestinationEncryptionContext: encryptionContext, DryRun } = request;
    Object.assign(call.note, { encryptionContext, dryRun: DryRun === true });
    const source = sourceOf(request);
    const target = findKey(call.store, call.caller, request.DestinationKeyId);
    call.note.key = target.key;
    const origin = sourceKey(call, source, FROM);
    authorizeBoth(call, request, { origin, target, source });
    requireUsable(call, target.key);
    const opened = openSource(call, origin.key, { ...source, context: request.SourceEncryptionContext });
    endDryRun(DryRun);
    return render(call, { origin: origin.key, target: target.key }, opened, encryptionContext);
  },
};

const FROM = 'kms:ReEncryptFrom';
const TO = 'kms:ReEncryptTo';

const reEncryptRequest = z.object({
  CiphertextBlob: CIPHERTEXT,
  SourceEncryptionContext: ENCRYPTION_CONTEXT,
  SourceKeyId: KEY_ID.optional(),
  DestinationKeyId: KEY_ID,
  DestinationEncryptionContext: ENCRYPTION_CONTEXT,
  SourceEncryptionAlgorithm: ALGORITHM,
  DestinationEncryptionAlgorithm: ALGORITHM,
  GrantTokens: GRANT_TOKENS,
  DryRun: DRY_RUN,
  DryRunModifiers: DRY_RUN_MODIFIERS,
});

type ReEncryptRequest = z.infer<typeof reEncryptRequest>;

function sourceOf(request: ReEncryptRequest): Source {
  requireSymmetricAlgorithm(request.SourceEncryptionAlgorithm);
  requireSymmetricAlgorithm(request.DestinationEncryptionAlgorithm);
  const { CiphertextBlob, SourceKeyId, DryRun, DryRunModifiers } = request;
  return readSource({ blob: CiphertextBlob, keyId: SourceKeyId, dryRun: DryRun, modifiers: DryRunModifiers });
}

function authorizeBoth(
  call: Call,
  request: ReEncryptRequest,
  { origin, target, source }: { origin: FoundKey; target: FoundKey; source: Source },
): void {
  const same = String(origin.key === target.key);
  const use = {
    grantTokens: request.GrantTokens,
    context: { ...ALGORITHM_CONDITION, 'kms:ReEncryptOnSameKey': same },
  };
  const from = { ...use, encryptionContext: request.SourceEncryptionContext };
  authorizeSource(call, { found: origin, source }, { action: FROM, use: from });
  authorize(call, target, TO, { ...use, encryptionContext: request.DestinationEncryptionContext });
}

function render(
  call: Call,
  { origin, target }: { origin: KmsKey; target: KmsKey },
  { plaintext, materialId }: Opened,
  context: Readonly<Record<string, string>>,
): object {
  const material = currentMaterial(call.store, target);
  return {
    CiphertextBlob: sealBlob({ keyId: target.keyId, material }, context, plaintext).toString('base64'),
    SourceKeyId: origin.arn,
    KeyId: target.arn,
    SourceEncryptionAlgorithm: SYMMETRIC,
    DestinationEncryptionAlgorithm: SYMMETRIC,
    SourceKeyMaterialId: materialId,
    DestinationKeyMaterialId: material.id,
  };
}
