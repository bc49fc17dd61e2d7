/**
 * RevokeGrant, for those who may administer the key, and RetireGrant, for those whom the grant itself lets end it.
 */
import * as z from 'zod';
import type { Principal } from '../front/service.ts';
import { authorize } from './access.ts';
import { endDryRun, kmsError } from './errors.ts';
import { DRY_RUN, KEY_ID, parseInput } from './input.ts';
import { changeView, currentView, type Grant, type KmsKey } from './key.ts';
import { findKeyById } from './lookup.ts';
import type { Call, Operation } from './operation.ts';

export const revokeGrant: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(
      z.object({ KeyId: KEY_ID, GrantId: z.string().min(1), DryRun: DRY_RUN }),
      input,
    );
    call.note.dryRun = request.DryRun === true;
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorize(call, { key }, 'kms:RevokeGrant');
    const grant = getGrant(key, request.GrantId);
    endDryRun(request.DryRun);
    removeGrant(call, key, grant);
    return {};
  },
};

export const retireGrant: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(retireRequest, input);
    call.note.dryRun = request.DryRun === true;
    const { key, grant } = grantToRetire(call, request);
    call.note.key = key;
    if (!mayRetire(grant, call.caller.principal)) authorize(call, { key }, 'kms:RetireGrant');
    endDryRun(request.DryRun);
    removeGrant(call, key, grant);
    return {};
  },
};

const retireRequest = z.object({
  GrantToken: z.string().min(1).optional(),
  KeyId: KEY_ID.optional(),
  GrantId: z.string().min(1).optional(),
  DryRun: DRY_RUN,
});

interface GrantOfKey {
  readonly key: KmsKey;
  readonly grant: Grant;
}

function grantToRetire(call: Call, request: z.infer<typeof retireRequest>): GrantOfKey {
  const { GrantToken, KeyId, GrantId } = request;
  if (GrantToken !== undefined) return grantOfToken(call, GrantToken);
  if (KeyId === undefined || GrantId === undefined)
    throw kmsError(
      'ValidationException',
      'Either a grant token, or a key ID and a grant ID, must be specified',
    );
  const key = findKeyById(call.store, call.caller, KeyId);
  return { key, grant: getGrant(key, GrantId) };
}

function grantOfToken(call: Call, token: string): GrantOfKey {
  for (const key of call.store.keys.values()) {
    const grant = currentView(key).grants.find(({ grantToken }) => grantToken === token);
    if (grant !== undefined && key.region === call.caller.region) return { key, grant };
  }
  throw kmsError('InvalidGrantTokenException', 'The grant token is invalid.');
}

/**
 * True for the retiring principal and for a grantee that was granted RetireGrant. They need no further permission.
 */
function mayRetire(grant: Grant, principal: Principal): boolean {
  const is = (arn: string | undefined): boolean =>
    arn !== undefined && (arn === principal.arn || arn === principal.roleArn);
  return (
    is(grant.retiringPrincipal) || (is(grant.granteePrincipal) && grant.operations.includes('RetireGrant'))
  );
}

function getGrant(key: KmsKey, grantId: string): Grant {
  const grant = currentView(key).grants.find((candidate) => candidate.grantId === grantId);
  if (grant === undefined) throw kmsError('NotFoundException', `Grant ID ${grantId} not found`);
  return grant;
}

function removeGrant(call: Call, key: KmsKey, { grantId }: Grant): void {
  const grants = currentView(key).grants.filter((grant) => grant.grantId !== grantId);
  changeView(key, call.nowMs, { grants });
}
