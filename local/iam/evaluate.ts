/**
 * The decision of IAM. An explicit deny wins. Within one account the identity policy or the resource policy must
 * allow; across accounts both must. The key policy of a KMS key rules, see AccessRequest.resourcePolicyRules.
 */
import type { AccessRequest, Authorizer, Decision } from './authorizer.ts';
import { isRoot, matchPrincipal } from './principals.ts';
import type { Roles } from './roles.ts';
import { applyingStatements } from './statement.ts';

/**
 * Creates an authorizer that calls `onDecision` with every decision, e.g. to prove that a role's statements suffice
 * and no more.
 */
export function createAuthorizer(
  roles: Roles,
  onDecision?: (request: AccessRequest, decision: Decision) => void,
): Authorizer {
  return {
    decide(request) {
      const decision = evaluate(roles, request);
      onDecision?.(request, decision);
      return decision;
    },
  };
}

/** Returns AWS's words for a refusal, as AccessDenied answers carry them. */
export function accessDeniedMessage(
  request: AccessRequest,
  decision: Extract<Decision, { allowed: false }>,
): string {
  return `User: ${request.principal.arn} is not authorized to perform: ${request.action} on resource: ${request.resource} ${decision.reason}`;
}

interface IdentityOpinion {
  readonly denied: boolean;
  readonly allowed: boolean;
}

interface ResourceOpinion {
  readonly denied: boolean;
  /** True when a statement allows and names the caller. */
  readonly direct: boolean;
  /**
   * True when a statement allows and names the caller's account, which leaves the decision to the identity policy.
   */
  readonly delegated: boolean;
}

function evaluate(roles: Roles, request: AccessRequest): Decision {
  const identity = identityOpinion(roles, request);
  const resource = resourceOpinion(request);
  const crosses = request.principal.accountId !== request.resourceAccountId;
  if (request.principal.service !== undefined) return serviceMay(request, resource);
  if (identity.denied) return explicitDeny('with an explicit deny in an identity-based policy');
  if (resource.denied)
    return explicitDeny(crosses ? FOREIGN_RESOURCE : 'with an explicit deny in a resource-based policy');
  return crosses || request.resourcePolicyRules === true
    ? resourceRules(request, identity, resource, crosses)
    : eitherAllows(request, identity, resource);
}

/** Decides for an AWS service. It has no identity policies, so the resource's policy has to allow it by name. */
function serviceMay(request: AccessRequest, { denied, direct }: ResourceOpinion): Decision {
  if (denied) return explicitDeny('with an explicit deny in a resource-based policy');
  return direct ? { allowed: true } : implicitDeny(noPolicy('resource-based', request));
}

function identityOpinion(roles: Roles, request: AccessRequest): IdentityOpinion {
  const { principal } = request;
  if (isRoot(principal)) return { denied: false, allowed: true };
  const policies = principal.roleArn === undefined ? [] : roles.policies(principal.roleArn);
  const effects = new Set(
    policies.flatMap((policy) => applyingStatements(policy, request)).map((statement) => statement.Effect),
  );
  return { denied: effects.has('Deny'), allowed: effects.has('Allow') };
}

function resourceOpinion(request: AccessRequest): ResourceOpinion {
  const statements =
    request.resourcePolicy === undefined ? [] : applyingStatements(request.resourcePolicy, request);
  const votes = statements
    .map((statement) => ({
      effect: statement.Effect,
      match: matchPrincipal(statement, request.principal),
    }))
    .filter(({ match }) => match !== 'none');
  const allows = votes.filter(({ effect }) => effect === 'Allow');
  return {
    denied: allows.length < votes.length,
    direct: allows.some(({ match }) => match === 'direct'),
    delegated: allows.some(({ match }) => match === 'account'),
  };
}

/**
 * Decides when the resource policy rules. Within the account a direct allow suffices. A delegated caller, or one
 * from another account, needs an identity policy too.
 */
function resourceRules(
  request: AccessRequest,
  identity: IdentityOpinion,
  resource: ResourceOpinion,
  crosses: boolean,
): Decision {
  if (!resource.direct && !resource.delegated)
    return implicitDeny(crosses && identity.allowed ? FOREIGN_RESOURCE : noPolicy('resource-based', request));
  if (resource.direct && !crosses) return { allowed: true };
  return identity.allowed ? { allowed: true } : implicitDeny(noPolicy('identity-based', request));
}

function eitherAllows(
  request: AccessRequest,
  identity: IdentityOpinion,
  resource: ResourceOpinion,
): Decision {
  return identity.allowed || resource.direct
    ? { allowed: true }
    : implicitDeny(noPolicy('identity-based', request));
}

const FOREIGN_RESOURCE =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access';

function noPolicy(kind: 'identity-based' | 'resource-based', request: AccessRequest): string {
  return `because no ${kind} policy allows the ${request.action} action`;
}

function explicitDeny(reason: string): Decision {
  return { allowed: false, reason, explicit: true };
}

function implicitDeny(reason: string): Decision {
  return { allowed: false, reason, explicit: false };
}
