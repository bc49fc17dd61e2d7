/**
 * Every distinct answer of the authorizer. Tests prove with it that a role's statements suffice and that none is
 * unused.
 */
import type { AccessRequest, Decision } from './authorizer.ts';

/** One distinct answer of the authorizer. `role` is the ARN of the role, or of the principal when it is no role. */
export interface RecordedDecision {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
}

export interface DecisionLog {
  /** Records an answer; it fits `onDecision` of createAuthorizer. */
  record(request: AccessRequest, decision: Decision): void;
  entries(): readonly RecordedDecision[];
}

/** The most answers kept. Chunks are millions of resources, so the oldest answers are dropped beyond this. */
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
