/** The identity policies of every role the local AWS knows, by role ARN. */
import type { PolicyDocument } from './authorizer.ts';
import { assertPolicy } from './policy-validation.ts';

export interface Roles {
  /**
   * Replaces the role's policies.
   * @throws PolicyError for a document that could not be evaluated
   */
  put(roleArn: string, policies: readonly PolicyDocument[]): void;
  /** Returns the policies of a role; none for a role that was never put, which may therefore do nothing. */
  policies(roleArn: string): readonly PolicyDocument[];
}

export function createRoles(): Roles {
  const byArn = new Map<string, readonly PolicyDocument[]>();
  return {
    put(roleArn, policies) {
      for (const policy of policies) assertPolicy(policy, 'identity');
      byArn.set(roleArn, policies);
    },
    policies: (roleArn) => byArn.get(roleArn) ?? [],
  };
}
