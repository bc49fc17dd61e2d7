/** GetKeyPolicy, PutKeyPolicy, ListKeyPolicies, and the rules for a key policy. */
import * as z from 'zod';
import type { PolicyDocument } from '../iam/authorizer.ts';
import { PolicyError, parsePolicy } from '../iam/policy-validation.ts';
import { authorizeOwn } from './access.ts';
import { kmsError } from './errors.ts';
import { KEY_ID, POLICY, parseInput } from './input.ts';
import { changeView, currentView } from './key.ts';
import { findKeyById } from './lookup.ts';
import type { Call, Operation } from './operation.ts';

export const getKeyPolicy: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(getRequest, input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorizeOwn(call, key, 'kms:GetKeyPolicy');
    return { Policy: currentView(key).policy, PolicyName: 'default' };
  },
};

export const putKeyPolicy: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(putRequest, input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    const bypass = request.BypassPolicyLockoutSafetyCheck === true;
    const context = { 'kms:BypassPolicyLockoutSafetyCheck': String(bypass) };
    authorizeOwn(call, key, 'kms:PutKeyPolicy', { context });
    requireKeyPolicy(call, key.arn, { text: request.Policy, bypassLockoutCheck: bypass });
    changeView(key, call.nowMs, { policy: request.Policy });
    return {};
  },
};

export const listKeyPolicies: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(z.object({ KeyId: KEY_ID }), input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorizeOwn(call, key, 'kms:ListKeyPolicies');
    return { PolicyNames: ['default'], Truncated: false };
  },
};

/** Returns the policy of a key that was created without one: its account decides. */
export function defaultKeyPolicy(accountId: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

/**
 * Checks a key policy.
 * @throws MalformedPolicyDocumentException for what is no policy, and for a policy under which the caller could not
 * change it again, unless the caller bypasses this lockout safety check
 */
export function requireKeyPolicy(
  call: Call,
  arn: string,
  { text, bypassLockoutCheck }: { readonly text: string; readonly bypassLockoutCheck: boolean },
): void {
  const policy = parseKeyPolicy(text);
  if (bypassLockoutCheck) return;
  const { principal } = call.caller;
  const decision = call.authorizer.decide({
    principal,
    action: 'kms:PutKeyPolicy',
    resource: arn,
    resourceAccountId: principal.accountId,
    resourcePolicy: policy,
    resourcePolicyRules: true,
    context: { 'kms:CallerAccount': principal.accountId },
  });
  if (!decision.allowed)
    throw malformed('The new key policy will not allow you to update the key policy in the future.');
}

const policyName = z.literal('default').optional();
const getRequest = z.object({ KeyId: KEY_ID, PolicyName: policyName });
const putRequest = z.object({
  KeyId: KEY_ID,
  PolicyName: policyName,
  Policy: POLICY,
  BypassPolicyLockoutSafetyCheck: z.boolean().optional(),
});

function parseKeyPolicy(text: string): PolicyDocument {
  try {
    return parsePolicy(text, 'resource');
  } catch (error) {
    throw error instanceof PolicyError ? malformed(error.message) : error;
  }
}

function malformed(message: string): Error {
  return kmsError('MalformedPolicyDocumentException', message);
}
