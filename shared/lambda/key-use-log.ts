/** What is kept of key uses: one structured line each in the function's log, and metrics of the cache. */
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { KeyUse } from '../envelope/key-use.ts';
import type { CacheEvent } from '../envelope/partition.ts';
import { logger, metrics } from './observe.ts';

export function recordKeyUse(use: KeyUse): void {
  logger.info('key used', { ...use });
}

export function countCacheEvent(event: CacheEvent): void {
  switch (event.name) {
    case 'hit':
      metrics.addMetric('KeyCacheHit', MetricUnit.Count, 1);
      metrics.addMetric('KeyAge', MetricUnit.Milliseconds, event.keyAgeMs);
      return;
    case 'miss':
      metrics.addMetric('KeyCacheMiss', MetricUnit.Count, 1);
      return;
    case 'flush':
      metrics.addMetric('KeysFlushed', MetricUnit.Count, event.keys);
  }
}
