/** Where key uses are kept: one structured line each in the function's log, which the operator retains. */
import type { KeyUse } from '../envelope/key-use.ts';
import { count, logger } from './observe.ts';

export function recordKeyUse(use: KeyUse): void {
  count(use.cached ? 'KeyCacheHit' : 'KeyCacheMiss');
  logger.info('key used', { ...use });
}
