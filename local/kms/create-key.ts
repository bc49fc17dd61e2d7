/** CreateKey. */
import * as z from 'zod';
import { authorizeIdentity } from './access.ts';
import { kmsError, notImplemented } from './errors.ts';
import { parseInput } from './input.ts';
import { defaultKeyPolicy, requireKeyPolicy } from './key-policy.ts';
import { currentView, firstView, keyArn, type KeyUsage, type KmsKey } from './key.ts';
import { nextKeyId } from './key-id.ts';
import { keyMetadata } from './key-metadata.ts';
import { addMaterial } from './material.ts';
import type { Call, Operation } from './operation.ts';
import { NEW_KEY } from './new-key.ts';
import { tagRecord } from './tags.ts';

export const createKey: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(createRequest, input);
    if (request.CustomKeyStoreId !== undefined || request.XksKeyId !== undefined)
      throw notImplemented('custom key stores');
    const keyUsage = usageOf(request.KeySpec ?? request.CustomerMasterKeySpec, request.KeyUsage);
    authorizeIdentity(call, 'kms:CreateKey');
    const key = newKey(call, request, keyUsage);
    requireKeyPolicy(call, key.arn, {
      text: currentView(key).policy,
      bypassLockoutCheck: request.BypassPolicyLockoutSafetyCheck === true,
    });
    call.store.keys.set(key.arn, key);
    call.note.key = key;
    if (key.origin === 'AWS_KMS' && key.keySpec === 'SYMMETRIC_DEFAULT')
      addMaterial(call.store, key.keyId, { nowMs: call.nowMs });
    return { KeyMetadata: keyMetadata(call.store, key) };
  },
};

const keySpec = z.enum([
  'SYMMETRIC_DEFAULT',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'HMAC_224',
  'HMAC_256',
  'HMAC_384',
  'HMAC_512',
]);

const createRequest = z.object({
  ...NEW_KEY,
  KeyUsage: z.enum(['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC']).optional(),
  KeySpec: keySpec.optional(),
  CustomerMasterKeySpec: keySpec.default('SYMMETRIC_DEFAULT'),
  Origin: z.enum(['AWS_KMS', 'EXTERNAL']).default('AWS_KMS'),
  MultiRegion: z.boolean().default(false),
  CustomKeyStoreId: z.unknown().optional(),
  XksKeyId: z.unknown().optional(),
});

type CreateRequest = z.infer<typeof createRequest>;

function usageOf(spec: string, asked: KeyUsage | undefined): KeyUsage {
  const allowed: readonly KeyUsage[] = spec.startsWith('HMAC_')
    ? ['GENERATE_VERIFY_MAC']
    : spec.startsWith('RSA_')
      ? ['ENCRYPT_DECRYPT', 'SIGN_VERIFY']
      : ['ENCRYPT_DECRYPT'];
  if (asked === undefined && spec !== 'SYMMETRIC_DEFAULT')
    throw kmsError('ValidationException', `You must specify a KeyUsage value for the key spec ${spec}.`);
  const usage = asked ?? 'ENCRYPT_DECRYPT';
  if (allowed.includes(usage)) return usage;
  throw kmsError('ValidationException', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
}

function newKey(call: Call, request: CreateRequest, keyUsage: KeyUsage): KmsKey {
  const { principal, region } = call.caller;
  const keyId = nextKeyId(call.store, {
    accountId: principal.accountId,
    region,
    multiRegion: request.MultiRegion,
  });
  return {
    keyId,
    accountId: principal.accountId,
    region,
    arn: keyArn(principal.accountId, region, keyId),
    createdMs: call.nowMs,
    keySpec: request.KeySpec ?? request.CustomerMasterKeySpec,
    keyUsage,
    origin: request.Origin,
    primaryRegion: request.MultiRegion ? region : undefined,
    description: request.Description,
    tags: tagRecord(request.Tags),
    views: [firstView(call.nowMs, request.Origin, request.Policy ?? defaultKeyPolicy(principal.accountId))],
  };
}
