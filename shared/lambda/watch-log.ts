/** What the watch finds, as an operator reads it and sets alarms on it. */
import { TenantInvalidError } from '../errors.ts';
import type { Finding } from '../watch/watch.ts';
import { count, loggable, logger } from './observe.ts';

const METRICS = {
  revoked: 'TenantRevoked',
  activated: 'TenantActivated',
  unreachable: 'KeyUnreachable',
  unclear: 'KeyAnswerUnclear',
  warning: 'KeyWarning',
  unparked: 'Unparked',
  failed: 'WatchFailed',
} as const;

export function reportFinding(finding: Finding): void {
  count(METRICS[finding.name], finding.name === 'unparked' ? finding.jobs : 1);
  if ('error' in finding && finding.error instanceof TenantInvalidError) count('RowUnreadable');
  const { name, ...details } = finding;
  const told = 'error' in details ? { ...details, ...loggable(details.error) } : details;
  logger[name === 'unparked' || name === 'activated' ? 'info' : 'warn'](`watch: ${name}`, told);
}
