/** CreateGrant: a permission on a key in addition to its policy, limited by operations and encryption context. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { authorize } from './access.ts';
import { endDryRun, kmsError, notImplemented } from './errors.ts';
import { DRY_RUN, GRANT_TOKENS, KEY_ID, parseInput } from './input.ts';
import { changeView, currentView, type Grant, type KmsKey } from './key.ts';
import { findKeyById } from './lookup.ts';
import type { Call, Operation } from './operation.ts';
import { requireEnabled } from './usable.ts';

export const createGrant: Operation = {
  kind: 'write',
  run(call, input) {
    const request = parseInput(createRequest, input);
    call.note.dryRun = request.DryRun === true;
    const key = findKeyById(call.store, call.caller, request.KeyId);
    call.note.key = key;
    authorize(call, { key }, 'kms:CreateGrant', {
      grantTokens: request.GrantTokens,
      context: grantConditions(request),
    });
    requireSupported(request);
    requireEnabled(key, currentView(key).state);
    endDryRun(request.DryRun);
    const terms = termsOfRequest(call, request);
    const grant = existingGrant(key, terms) ?? addGrant(call, key, terms);
    return { GrantId: grant.grantId, GrantToken: grant.grantToken };
  },
};

const context = z.record(z.string(), z.string()).optional();

const createRequest = z.object({
  KeyId: KEY_ID,
  GranteePrincipal: z.string().min(1).max(256),
  RetiringPrincipal: z.string().min(1).max(256).optional(),
  Operations: z.array(z.string()).min(1),
  Constraints: z
    .object({
      EncryptionContextEquals: context,
      EncryptionContextSubset: context,
      SourceArn: z.unknown().optional(),
    })
    .prefault({}),
  Name: z.string().min(1).max(256).optional(),
  GrantTokens: GRANT_TOKENS,
  DryRun: DRY_RUN,
});

type CreateRequest = z.infer<typeof createRequest>;

const OPERATIONS: ReadonlySet<string> = new Set([
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'RetireGrant',
]);

function grantConditions(request: CreateRequest): Record<string, string | string[]> {
  const { RetiringPrincipal, Constraints } = request;
  const constraint = ['EncryptionContextEquals', 'EncryptionContextSubset'].find((name) =>
    Object.hasOwn(Constraints, name),
  );
  return {
    'kms:GranteePrincipal': request.GranteePrincipal,
    'kms:GrantOperations': request.Operations,
    'kms:GrantIsForAWSResource': 'false',
    ...(RetiringPrincipal === undefined ? {} : { 'kms:RetiringPrincipal': RetiringPrincipal }),
    ...(constraint === undefined ? {} : { 'kms:GrantConstraintType': constraint }),
  };
}

function requireSupported(request: CreateRequest): void {
  const foreign = request.Operations.find((operation) => !OPERATIONS.has(operation));
  if (foreign !== undefined) throw notImplemented(`grants of ${foreign}`);
  if (request.Constraints.SourceArn !== undefined) throw notImplemented('the grant constraint SourceArn');
  for (const principal of [request.GranteePrincipal, request.RetiringPrincipal])
    if (principal !== undefined && !GRANT_PRINCIPAL.test(principal))
      throw kmsError('InvalidArnException', `ARN does not refer to a valid principal: ${principal}`);
}

const GRANT_PRINCIPAL =
  /^arn:aws:(iam::\d{12}:(root|(role|user)\/[^*?]+)|sts::\d{12}:assumed-role\/[^*?]+\/[^*?]+)$/;

/** Returns the grant that an equal request has made. Only a named grant is idempotent. */
function existingGrant(key: KmsKey, terms: Terms): Grant | undefined {
  if (terms.name === undefined) return undefined;
  return currentView(key).grants.find((grant) =>
    TERM_NAMES.every((name) => isDeepStrictEqual(grant[name], terms[name])),
  );
}

type Terms = Omit<Grant, 'grantId' | 'grantToken' | 'createdMs'>;

const TERM_NAMES: readonly (keyof Terms)[] = [
  'name',
  'granteePrincipal',
  'retiringPrincipal',
  'operations',
  'contextEquals',
  'contextSubset',
  'issuingAccount',
];

function termsOfRequest(call: Call, request: CreateRequest): Terms {
  return {
    name: request.Name,
    granteePrincipal: request.GranteePrincipal,
    retiringPrincipal: request.RetiringPrincipal,
    operations: request.Operations,
    contextEquals: request.Constraints.EncryptionContextEquals,
    contextSubset: request.Constraints.EncryptionContextSubset,
    issuingAccount: call.caller.principal.accountId,
  };
}

function addGrant(call: Call, key: KmsKey, terms: Terms): Grant {
  const grant = {
    ...terms,
    grantId: randomBytes(32).toString('hex'),
    grantToken: randomBytes(48).toString('base64url'),
    createdMs: call.nowMs,
  };
  changeView(key, call.nowMs, { grants: [...currentView(key).grants, grant] });
  return grant;
}
