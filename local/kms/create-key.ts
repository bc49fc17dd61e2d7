/** CreateKey and ReplicateKey: how keys come to be. */
import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { authorizeIdentity, authorizeOwn } from './access.ts';
import { kmsError, notImplemented } from './errors.ts';
import { KEY_ID, POLICY, parseInput } from './input.ts';
import { defaultKeyPolicy, requireKeyPolicy } from './key-policy.ts';
import { currentView, isReplica, keyArn } from './key.ts';
import type { KeyUsage, KmsKey } from './key.ts';
import { keyMetadata } from './key-metadata.ts';
import { findKeyById } from './lookup.ts';
import { addMaterial } from './material.ts';
import type { Call, Operation } from './operation.ts';
import { TAG_LIST, renderTags, tagRecord } from './tags.ts';
import { refuseStates } from './usable.ts';

export const createKey: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(createRequest, input);
    if (request.CustomKeyStoreId !== undefined || request.XksKeyId !== undefined)
      throw notImplemented('custom key stores');
    const keyUsage = usageOf(request.KeySpec ?? request.CustomerMasterKeySpec, request.KeyUsage);
    authorizeIdentity(call, 'kms:CreateKey');
    const key = newKey(call, request, keyUsage);
    requireKeyPolicy(call, key.arn, currentView(key).policy, request.BypassPolicyLockoutSafetyCheck === true);
    call.store.keys.set(key.arn, key);
    call.note.key = key;
    if (key.origin === 'AWS_KMS' && key.keySpec === 'SYMMETRIC_DEFAULT')
      addMaterial(call.store, key.keyId, call.nowMs);
    return { KeyMetadata: keyMetadata(call.store, key) };
  },
};

export const replicateKey: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(replicateRequest, input);
    const primary = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = primary;
    const context = { 'kms:ReplicaRegion': request.ReplicaRegion };
    authorizeOwn(call, primary, 'kms:ReplicateKey', { context });
    requireReplicable(call, primary, request.ReplicaRegion);
    const policy = request.Policy ?? defaultKeyPolicy(primary.accountId);
    const arn = keyArn(primary.accountId, request.ReplicaRegion, primary.keyId);
    requireKeyPolicy(call, arn, policy, request.BypassPolicyLockoutSafetyCheck === true);
    const replica = newReplica(call, primary, { arn, policy, request });
    call.store.keys.set(arn, replica);
    return {
      ReplicaKeyMetadata: keyMetadata(call.store, replica),
      ReplicaPolicy: policy,
      ReplicaTags: renderTags(replica.tags),
    };
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

const shared = {
  Policy: POLICY.optional(),
  BypassPolicyLockoutSafetyCheck: z.boolean().optional(),
  Description: z.string().max(8192).default(''),
  Tags: TAG_LIST.default([]),
};

const createRequest = z.object({
  ...shared,
  KeyUsage: z.enum(['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC']).optional(),
  KeySpec: keySpec.optional(),
  CustomerMasterKeySpec: keySpec.default('SYMMETRIC_DEFAULT'),
  Origin: z.enum(['AWS_KMS', 'EXTERNAL']).default('AWS_KMS'),
  MultiRegion: z.boolean().default(false),
  CustomKeyStoreId: z.unknown().optional(),
  XksKeyId: z.unknown().optional(),
});

const replicateRequest = z.object({ ...shared, KeyId: KEY_ID, ReplicaRegion: z.string().min(1).max(32) });

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
  const keyId = request.MultiRegion ? `mrk-${randomBytes(16).toString('hex')}` : randomUUID();
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
    views: [
      {
        sinceMs: call.nowMs,
        state: request.Origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
        policy: request.Policy ?? defaultKeyPolicy(principal.accountId),
        grants: [],
      },
    ],
  };
}

function requireReplicable(call: Call, primary: KmsKey, region: string): void {
  if (primary.primaryRegion === undefined || isReplica(primary))
    throw kmsError('UnsupportedOperationException', `${primary.arn} is not a multi-Region primary key.`);
  refuseStates(primary, currentView(primary).state, [
    'Disabled',
    'PendingDeletion',
    'PendingReplicaDeletion',
  ]);
  if (call.regions?.includes(region) === false)
    throw kmsError('ValidationException', `The replica region ${region} is invalid.`);
  if (call.store.keys.has(keyArn(primary.accountId, region, primary.keyId)))
    throw kmsError('AlreadyExistsException', `${primary.keyId} already exists in ${region}.`);
}

function newReplica(
  call: Call,
  primary: KmsKey,
  { arn, policy, request }: { arn: string; policy: string; request: z.infer<typeof replicateRequest> },
): KmsKey {
  return {
    keyId: primary.keyId,
    accountId: primary.accountId,
    region: request.ReplicaRegion,
    arn,
    createdMs: call.nowMs,
    keySpec: primary.keySpec,
    keyUsage: primary.keyUsage,
    origin: primary.origin,
    primaryRegion: primary.primaryRegion,
    description: request.Description,
    tags: tagRecord(request.Tags),
    views: [
      {
        sinceMs: call.nowMs,
        state: primary.origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
        policy,
        grants: [],
      },
    ],
  };
}
