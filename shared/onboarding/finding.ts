/** The result of one check of a tenant's key, and what the tenant can do about it. */
import type { KeyPolicyStatement } from '../handover/key-policy.ts';

/** The checks, in the order in which they are made. */
export type CheckName =
  | 'key-arn'
  | 'account'
  | 'partition'
  | 'region'
  | 'replicas'
  | 'key-exists'
  | 'key-type'
  | 'key-state'
  | 'key-material'
  | 'multi-region'
  | 'grant'
  | 'context-condition'
  | 'excess'
  | 'events';

export interface Finding {
  readonly check: CheckName;
  readonly ok: boolean;
  /** An error keeps the tenant from becoming active. A warning does so only when `strict` is asked for. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** The thing to do when the check is not ok. */
  readonly fix?: string;
  /** The statement of the key policy that `fix` names. */
  readonly statement?: KeyPolicyStatement;
}

export type Fix = Pick<Finding, 'fix' | 'statement'>;

export function passed(check: CheckName, message: string): Finding {
  return { check, ok: true, severity: 'error', message };
}

export function failed(check: CheckName, message: string, fix: string | Fix): Finding {
  return { check, ok: false, severity: 'error', message, ...(typeof fix === 'string' ? { fix } : fix) };
}

export function warned(check: CheckName, message: string, fix: string | Fix): Finding {
  return { ...failed(check, message, fix), severity: 'warning' };
}

/** True when the findings let the tenant become active. */
export function isProven(findings: readonly Pick<Finding, 'ok' | 'severity'>[], strict: boolean): boolean {
  return findings.every(({ ok, severity }) => ok || (severity === 'warning' && !strict));
}
