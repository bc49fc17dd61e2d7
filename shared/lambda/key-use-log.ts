/** The records of key uses: one line of log and two counters each. And the metrics of the key cache. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { KeyUse } from '../envelope/kms/key-use.ts';
import type { CacheEvent } from '../envelope/cache/partition.ts';
import { logger, metrics, NAMESPACE } from './observe.ts';

/** Logs each use of a key. With `tenantMetrics` on, CloudWatch also counts the line by tenant. */
export function keyUseLog(tenantMetrics: 'on' | 'off'): (use: KeyUse) => void {
  return (use) => logger.info('key used', { ...use, ...(tenantMetrics === 'on' ? countersOf(use) : {}) });
}

const perTenant = new Metrics({ namespace: NAMESPACE });

/**
 * Returns the members that make the log line of a key use two counters as well, by tenant and operation: KeyUses, and
 * KeysFetched, which counts the uses that asked KMS for the key. They are in CloudWatch's embedded metric format.
 */
export function countersOf({ tenantId, operation, cached }: KeyUse): object {
  perTenant.addDimensions({ tenantId, operation });
  perTenant.addMetric('KeyUses', MetricUnit.Count, 1);
  perTenant.addMetric('KeysFetched', MetricUnit.Count, cached ? 0 : 1);
  const { _aws, KeyUses, KeysFetched } = perTenant.serializeMetrics();
  perTenant.clearMetrics();
  perTenant.clearDimensions();
  return { _aws, KeyUses, KeysFetched };
}

/** Counts hits and misses of the key cache, and the keys that it flushed. */
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
