/** Authorizers for the contract tests of one service: one allows everything, the other denies on demand. */
import type { AccessRequest, Authorizer } from '../../local/iam/authorizer.ts';

export const openAuthorizer: Authorizer = { decide: () => ({ allowed: true }) };

/** Creates an authorizer that denies when `denies` returns true. It keeps its requests, newest last. */
export function denyingAuthorizer(
  denies: (request: AccessRequest) => boolean,
): Authorizer & { readonly asked: readonly AccessRequest[] } {
  const asked: AccessRequest[] = [];
  return {
    asked,
    decide(request) {
      asked.push(request);
      const reason = 'because no identity-based policy allows the action';
      return denies(request) ? { allowed: false, reason, explicit: false } : { allowed: true };
    },
  };
}
