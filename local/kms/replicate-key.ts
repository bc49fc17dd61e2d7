/** ReplicateKey: the same key id and material in another region, with a state and a policy of its own. */
import * as z from 'zod';
import { authorizeIdentity, authorizeOwn } from './access.ts';
import { kmsError } from './errors.ts';
import { KEY_ID, parseInput } from './input.ts';
import { defaultKeyPolicy, requireKeyPolicy } from './key-policy.ts';
import { currentView, firstView, isReplica, keyArn, type KmsKey } from './key.ts';
import { keyMetadata } from './key-metadata.ts';
import { findKeyById } from './lookup.ts';
import { NEW_KEY } from './new-key.ts';
import type { Call, Operation } from './operation.ts';
import { renderTags, tagRecord } from './tags.ts';
import { requireEnabled } from './usable.ts';

export const replicateKey: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(replicateRequest, input);
    const primary = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = primary;
    const context = { 'kms:ReplicaRegion': request.ReplicaRegion };
    authorizeOwn(call, primary, 'kms:ReplicateKey', { context });
    authorizeIdentity(call, 'kms:CreateKey');
    requireReplicable(call, primary, request.ReplicaRegion);
    const policy = request.Policy ?? defaultKeyPolicy(primary.accountId);
    const arn = keyArn(primary.accountId, request.ReplicaRegion, primary.keyId);
    requireKeyPolicy(call, arn, {
      text: policy,
      bypassLockoutCheck: request.BypassPolicyLockoutSafetyCheck === true,
    });
    const replica = newReplica(call, primary, { arn, policy, request });
    call.store.keys.set(arn, replica);
    return {
      ReplicaKeyMetadata: keyMetadata(call.store, replica),
      ReplicaPolicy: policy,
      ReplicaTags: renderTags(replica.tags),
    };
  },
};

const replicateRequest = z.object({ ...NEW_KEY, KeyId: KEY_ID, ReplicaRegion: z.string().min(1).max(32) });

function requireReplicable(call: Call, primary: KmsKey, region: string): void {
  if (primary.primaryRegion === undefined || isReplica(primary))
    throw kmsError('UnsupportedOperationException', `${primary.arn} is not a multi-Region primary key.`);
  const { state } = currentView(primary);
  if (state !== 'PendingImport') requireEnabled(primary, state);
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
    views: [firstView(call.nowMs, primary.origin, policy)],
  };
}
