/** What is kept of key uses: one structured line each in the function's log, counters per tenant, metrics of the cache. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { KeyUse } from '../envelope/kms/key-use.ts';
import type { CacheEvent } from '../envelope/cache/partition.ts';
import { logger, metrics, NAMESPACE } from './observe.ts';

/** `tenantMetrics`: whether the line is counted by tenant too. */
export function keyUseLog(tenantMetrics: 'on' | 'off'): (use: KeyUse) => void {
  return (use) => logger.info('key used', { ...use, ...(tenantMetrics === 'on' ? counters(use) : {}) });
}

const perTenant = new Metrics({ namespace: NAMESPACE });

/**
 * What makes a record of key use two counters as well, in CloudWatch's embedded metric format: KeyUses, and
 * KeysFetched, those that KMS was asked for; by tenant and operation.
 */
export function counters({ tenantId, operation, cached }: KeyUse): object {
  perTenant.addDimensions({ tenantId, operation });
  perTenant.addMetric('KeyUses', MetricUnit.Count, 1);
  perTenant.addMetric('KeysFetched', MetricUnit.Count, cached ? 0 : 1);
  const { _aws, KeyUses, KeysFetched } = perTenant.serializeMetrics();
  perTenant.clearMetrics();
  perTenant.clearDimensions();
  return { _aws, KeyUses, KeysFetched };
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
