/**
 * The access check of a key: its key policy and its grants, the caller's identity policy, and the condition keys of
 * KMS. A grant counts as one more statement of the key policy, so that an explicit deny still wins over it.
 */
import type { AccessRequest, PolicyDocument } from '../iam/authorizer.ts';
import { accessDeniedMessage } from '../iam/evaluate.ts';
import { asList } from '../iam/matching.ts';
import { parsePolicy } from '../iam/policy-validation.ts';
import { kmsError } from './errors.ts';
import { constraintsHold } from './grant-constraints.ts';
import { currentView, type Grant, type KmsKey } from './key.ts';
import type { FoundKey } from './lookup.ts';
import type { Call } from './operation.ts';

export interface UseOfKey {
  readonly encryptionContext?: Readonly<Record<string, string>>;
  readonly grantTokens?: readonly string[] | undefined;
  /** Condition keys of the operation, in addition to those of every request. */
  readonly context?: AccessRequest['context'];
}

/**
 * Checks a permission on a key; `action` is e.g. `kms:Decrypt`.
 * @throws AccessDeniedException
 */
export function authorize(call: Call, found: FoundKey, action: string, use: UseOfKey = {}): void {
  const { key } = found;
  decide(call, {
    principal: call.caller.principal,
    action,
    resource: key.arn,
    resourceAccountId: key.accountId,
    resourcePolicy: effectivePolicy(call, key, use),
    resourcePolicyRules: true,
    context: { ...conditionKeys(call, found, use), ...use.context },
  });
}

/**
 * Checks a permission that is not one on a key: `kms:CreateKey`, `kms:ListKeys`, or `kms:CreateAlias` on the alias.
 * @throws AccessDeniedException
 */
export function authorizeIdentity(call: Call, action: string, resource = '*'): void {
  const { principal } = call.caller;
  const context = { 'kms:CallerAccount': principal.accountId };
  decide(call, { principal, action, resource, resourceAccountId: principal.accountId, context });
}

/**
 * Checks an operation that AWS offers only within the key's own account.
 * @throws AccessDeniedException
 */
export function authorizeOwn(call: Call, key: KmsKey, action: string, use: UseOfKey = {}): void {
  const { principal } = call.caller;
  if (principal.accountId !== key.accountId)
    throw kmsError(
      'AccessDeniedException',
      `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${key.arn}`,
    );
  authorize(call, { key }, action, use);
}

function decide(call: Call, request: AccessRequest): void {
  const decision = call.authorizer.decide(request);
  if (!decision.allowed) throw kmsError('AccessDeniedException', accessDeniedMessage(request, decision));
}

function effectivePolicy(call: Call, key: KmsKey, use: UseOfKey): PolicyDocument {
  const { policy } = call.viewOf(key);
  const document = parsePolicy(policy, 'resource');
  const granted = grantsInForce(call, key, use)
    .filter((grant) => constraintsHold(grant, use.encryptionContext ?? {}))
    .map((grant) => ({
      Effect: 'Allow' as const,
      Principal: { AWS: grant.granteePrincipal },
      Action: grant.operations.map((operation) => `kms:${operation}`),
      Resource: '*',
    }));
  return { ...document, Statement: [...asList(document.Statement), ...granted] };
}

/** Returns the grants in force. A grant token makes a new grant count before it has propagated. */
function grantsInForce(call: Call, key: KmsKey, use: UseOfKey): readonly Grant[] {
  const visible = call.viewOf(key).grants;
  const fresh = currentView(key).grants.filter(
    ({ grantToken, grantId }) =>
      use.grantTokens?.includes(grantToken) === true && visible.every((grant) => grant.grantId !== grantId),
  );
  return [...visible, ...fresh];
}

/** Returns the condition keys. kms:ViaService is not among them, because every request here is the caller's own. */
function conditionKeys(call: Call, found: FoundKey, use: UseOfKey): Record<string, string | string[]> {
  const { key, alias } = found;
  const aliases = call.store.aliases
    .filter(
      ({ accountId, region, targetKeyId }) =>
        accountId === key.accountId && region === key.region && targetKeyId === key.keyId,
    )
    .map(({ name }) => name);
  return {
    'kms:CallerAccount': call.caller.principal.accountId,
    'kms:KeyOrigin': key.origin,
    'kms:KeySpec': key.keySpec,
    'kms:KeyUsage': key.keyUsage,
    'kms:MultiRegion': String(key.primaryRegion !== undefined),
    ...(key.primaryRegion === undefined
      ? {}
      : { 'kms:MultiRegionKeyType': key.primaryRegion === key.region ? 'PRIMARY' : 'REPLICA' }),
    ...(alias === undefined ? {} : { 'kms:RequestAlias': alias.name }),
    ...(aliases.length === 0 ? {} : { 'kms:ResourceAliases': aliases }),
    ...contextKeys(use.encryptionContext ?? {}),
    ...Object.fromEntries(
      Object.entries(key.tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value]),
    ),
  };
}

function contextKeys(context: Readonly<Record<string, string>>): Record<string, string | string[]> {
  const names = Object.keys(context);
  return {
    ...(names.length === 0 ? {} : { 'kms:EncryptionContextKeys': names }),
    ...Object.fromEntries(names.map((name) => [`kms:EncryptionContext:${name}`, context[name] ?? ''])),
  };
}
