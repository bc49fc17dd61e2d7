/** Rows of the state table that were not what their keys say: somebody else wrote them, and a person should know. */
import type { UnreadableRow } from '../ports/parking.ts';
import { count, logger } from './observe.ts';

export function reportRow({ row, reason }: UnreadableRow): void {
  count('RowUnreadable');
  logger.error('row of the state table not readable', { row, reason });
}
