/** ListGrants. */
import * as z from 'zod';
import { authorize } from './access.ts';
import { KEY_ID, parseInput } from './input.ts';
import { currentView, type Grant, type KmsKey } from './key.ts';
import { findKeyById } from './lookup.ts';
import type { Operation } from './operation.ts';
import { PAGE, page } from './page.ts';

export const listGrants: Operation = {
  kind: 'read',
  run(call, input) {
    const request = parseInput(listRequest, input);
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorize(call, { key }, 'kms:ListGrants');
    const grants = currentView(key).grants.filter(
      ({ grantId, granteePrincipal }) =>
        (request.GrantId ?? grantId) === grantId &&
        (request.GranteePrincipal ?? granteePrincipal) === granteePrincipal,
    );
    return page(
      'Grants',
      grants.map((grant) => renderGrant(key, grant)),
      request,
    );
  },
};

const listRequest = z.object({
  ...PAGE,
  Limit: z.int().min(1).max(100).default(50),
  KeyId: KEY_ID,
  GrantId: z.string().optional(),
  GranteePrincipal: z.string().optional(),
});

function renderGrant(key: KmsKey, grant: Grant): object {
  const { name, retiringPrincipal, contextEquals, contextSubset } = grant;
  const constraints = {
    ...(contextEquals === undefined ? {} : { EncryptionContextEquals: contextEquals }),
    ...(contextSubset === undefined ? {} : { EncryptionContextSubset: contextSubset }),
  };
  return {
    KeyId: key.arn,
    GrantId: grant.grantId,
    Name: name ?? '',
    CreationDate: grant.createdMs / 1000,
    GranteePrincipal: grant.granteePrincipal,
    ...(retiringPrincipal === undefined ? {} : { RetiringPrincipal: retiringPrincipal }),
    IssuingAccount: `arn:aws:iam::${grant.issuingAccount}:root`,
    Operations: grant.operations,
    ...(Object.keys(constraints).length === 0 ? {} : { Constraints: constraints }),
  };
}
