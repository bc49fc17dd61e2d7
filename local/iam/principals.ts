/** The callers that a Principal element names. Principals match exactly: AWS knows no wildcards inside their ARNs. */
import type { Principal } from '../front/service.ts';
import type { PolicyStatement } from './authorizer.ts';
import { asList } from './matching.ts';

/**
 * `direct` is a match of the caller itself (its role, its session, everyone). `account` is a match of only its
 * account, which leaves the decision to the identity policies of that account. `none` is a match of somebody else.
 */
export type PrincipalMatch = 'direct' | 'account' | 'none';

/** Precondition: the statement belongs to a resource policy, and therefore has a Principal or a NotPrincipal. */
export function matchPrincipal(statement: PolicyStatement, principal: Principal): PrincipalMatch {
  if (statement.NotPrincipal === undefined) return match(statement.Principal, principal);
  // An account in NotPrincipal exempts its root alone, not everyone in it.
  return match(statement.NotPrincipal, principal) === 'direct' ? 'none' : 'direct';
}

export function isRoot(principal: Principal): boolean {
  return principal.roleArn === undefined && principal.arn === rootArn(principal.accountId);
}

function rootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}

function match(element: PolicyStatement['Principal'], principal: Principal): PrincipalMatch {
  if (element === undefined) return 'none';
  if (element === '*') return 'direct';
  if (principal.service !== undefined)
    return asList(element['Service']).includes(principal.service) ? 'direct' : 'none';
  // Our callers are never Federated or CanonicalUser principals.
  const names = asList(element['AWS']);
  if (names.some((name) => namesCaller(name, principal))) return 'direct';
  return names.some((name) => namesAccount(name, principal)) ? 'account' : 'none';
}

function namesCaller(name: string, principal: Principal): boolean {
  if (name === '*' || name === principal.arn || name === principal.roleArn) return true;
  return isRoot(principal) && namesAccount(name, principal);
}

function namesAccount(name: string, principal: Principal): boolean {
  return name === principal.accountId || name === rootArn(principal.accountId);
}
