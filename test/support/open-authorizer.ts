/** Authorizers for contract tests of one service: one that allows everything, one that denies what it is told to. */
import type { AccessRequest, Authorizer } from '../../local/iam/authorizer.ts';

export const openAuthorizer: Authorizer = { decide: () => ({ allowed: true }) };

/** Denies where `denies` says so, and keeps what it was asked, newest last. */
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
