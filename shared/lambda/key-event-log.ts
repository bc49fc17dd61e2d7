/** The log of the events about the tenants' keys. */
import type { KeyEventOutcome } from '../revocation/revoke.ts';
import { count, logger } from './observe.ts';

export interface KeyEventLog {
  handled(outcome: KeyEventOutcome): void;
  /** Counts a failure. The event is delivered again. */
  failed(): void;
}

const METRICS = {
  revoked: 'TenantRevoked',
  active: 'TenantActivated',
  unchanged: 'KeyEventWithoutEffect',
} as const;

export const keyEventLog: KeyEventLog = {
  handled(outcome) {
    count(outcome.outcome === 'ignored' ? `KeyEventIgnored:${outcome.reason}` : METRICS[outcome.outcome]);
    logger.info('key event', { ...outcome });
  },
  failed() {
    count('KeyEventFailed');
  },
};
