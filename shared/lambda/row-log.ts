/**
 * The log of rows of the state table that are not what their keys say. Somebody else wrote them, and a person should
 * know.
 */
import type { UnreadableRow } from '../ports/parking.ts';
import { count, logger } from './observe.ts';

export function reportRow({ row, reason }: UnreadableRow): void {
  count('RowUnreadable');
  logger.error('row of the state table not readable', { row, reason });
}
