/** The log of the watch's notices. Operators read it and set alarms on its metrics. */
import { TenantInvalidError } from '../errors.ts';
import type { Notice } from '../watch/notice.ts';
import { count, loggablePartOf, logger } from './observe.ts';

const METRICS = {
  revoked: 'TenantRevoked',
  activated: 'TenantActivated',
  unreachable: 'KeyUnreachable',
  unclear: 'KeyAnswerUnclear',
  warning: 'KeyWarning',
  unparked: 'Unparked',
  failed: 'WatchFailed',
} as const;

export function reportNotice(notice: Notice): void {
  count(METRICS[notice.name], notice.name === 'unparked' ? notice.jobs : 1);
  if ('error' in notice && notice.error instanceof TenantInvalidError) count('RowUnreadable');
  const { name, ...details } = notice;
  const told = 'error' in details ? { ...details, ...loggablePartOf(details.error) } : details;
  logger[name === 'unparked' || name === 'activated' ? 'info' : 'warn'](`watch: ${name}`, told);
}
