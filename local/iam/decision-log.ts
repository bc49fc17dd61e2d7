/** Every distinct answer the authorizer has given, to prove that a role's statements suffice and none is idle. */
import type { AccessRequest, Decision } from './authorizer.ts';

/** One distinct answer of the authorizer: `role` is the role's ARN, or the principal's where it is none. */
export interface RecordedDecision {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
}

export interface DecisionLog {
  /** Fits createAuthorizer's `onDecision`. */
  record(request: AccessRequest, decision: Decision): void;
  entries(): readonly RecordedDecision[];
}

/** Chunks make for millions of resources; beyond this the oldest are forgotten. */
const MAX_ENTRIES = 10_000;

export function createDecisionLog(): DecisionLog {
  const seen = new Map<string, RecordedDecision>();
  return {
    record({ principal, action, resource }, { allowed }) {
      const entry = { role: principal.roleArn ?? principal.arn, action, resource, allowed };
      seen.set(JSON.stringify(entry), entry);
      const [oldest] = seen.keys();
      if (seen.size > MAX_ENTRIES && oldest !== undefined) seen.delete(oldest);
    },
    entries: () => [...seen.values()],
  };
}
